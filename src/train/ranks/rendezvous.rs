//! Where the ranks of a run meet, from the variables of whatever started them.
//!
//! | started by | rank, ranks | on this machine | rank 0 is at |
//! |---|---|---|---|
//! | `torchrun`, or `train --ranks` | `RANK`, `WORLD_SIZE` | `LOCAL_RANK` | `MASTER_ADDR`, `MASTER_PORT` |
//! | `mpirun` of Open MPI | `OMPI_COMM_WORLD_RANK`, `_SIZE` | `_LOCAL_RANK` | the same, else this machine |
//! | `srun` | `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS` or `SLURM_NTASKS` | `SLURM_LOCALID` | the same, else the first node of the step |
//!
//! A batch script has some of Slurm's variables too; only what `srun` starts has `SLURM_STEP_ID`.

use crate::pipeline::Problem;
use std::net::TcpListener;

/// The port where nothing says another one, as of `torchrun`.
const PORT: u16 = 29500;
/// What Open MPI says about a process.
const MPI_RANK: &str = "OMPI_COMM_WORLD_RANK";
const MPI_SIZE: &str = "OMPI_COMM_WORLD_SIZE";
const MPI_LOCAL_RANK: &str = "OMPI_COMM_WORLD_LOCAL_RANK";
const MPI_LOCAL_SIZE: &str = "OMPI_COMM_WORLD_LOCAL_SIZE";
/// The variable with the word by which ranks know each other.
pub const TOKEN: &str = "LGD_STUDIO_RANKS_TOKEN";

/// Where and as what a rank meets the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous {
    /// Which rank this is, from 0.
    pub rank: usize,
    /// How many there are.
    pub ranks: usize,
    /// Which one on this machine, from 0.
    pub local_rank: usize,
    /// The machine of rank 0.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What all ranks of the run know.
    pub token: String,
    /// Whether `mpirun` started them.
    pub by_mpi: bool,
    /// Whether all are known to be on this machine.
    pub all_here: bool,
}

impl Rendezvous {
    /// What the variables say; none for a process that was started alone.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn find(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Problem> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let number = |name: &str| -> Result<Option<usize>, Problem> {
            variable(name)
                .map(|value| {
                    value.parse().map_err(|_e| {
                        Problem::new(format!("{name} is {value:?}, which is not a number."))
                            .hint("Start the ranks with srun, mpirun, torchrun or --ranks.")
                    })
                })
                .transpose()
        };
        let in_step = variable("SLURM_STEP_ID").is_some();
        let slurm_ranks = match in_step {
            true => number("SLURM_STEP_NUM_TASKS")?.or(number("SLURM_NTASKS")?),
            false => None,
        };
        let found = [
            (number("RANK")?, number("WORLD_SIZE")?, "LOCAL_RANK"),
            (number(MPI_RANK)?, number(MPI_SIZE)?, MPI_LOCAL_RANK),
            (number("SLURM_PROCID")?, slurm_ranks, "SLURM_LOCALID"),
        ];
        let found = found
            .into_iter()
            .find_map(|(rank, ranks, local)| Some((rank?, ranks?, local)));
        let Some((rank, ranks, local)) = found else {
            return Ok(None);
        };
        if rank >= ranks {
            return Err(Problem::new(format!(
                "This is said to be rank {rank} of {ranks}; ranks are counted from 0."
            ))
            .hint("Start the ranks with srun, mpirun, torchrun or --ranks."));
        }
        if ranks == 1 {
            return Ok(None);
        }
        let first_node = variable("SLURM_STEP_NODELIST")
            .or_else(|| variable("SLURM_JOB_NODELIST"))
            .filter(|_| in_step)
            .map(|nodes| first_node(&nodes));
        let host = variable("MASTER_ADDR").or(first_node);
        // Jobs that share a machine should not meet each other.
        let job = number("SLURM_JOB_ID")?.filter(|_| in_step);
        let of_job = job.map_or(PORT, |job| 20_000 + (job % 12_000) as u16);
        let port = match number("MASTER_PORT")? {
            None => of_job,
            Some(port) => u16::try_from(port).map_err(|_e| {
                Problem::new(format!("MASTER_PORT is {port}, which is no port."))
                    .hint("Use one between 1024 and 65535.")
            })?,
        };
        let by_mpi = local == MPI_LOCAL_RANK;
        Ok(Some(Self {
            by_mpi,
            all_here: by_mpi && number(MPI_LOCAL_SIZE)? == Some(ranks),
            rank,
            ranks,
            local_rank: number(local)?.unwrap_or(rank),
            host: host.unwrap_or_else(|| "127.0.0.1".to_owned()),
            port,
            token: variable(TOKEN)
                .or_else(|| job.map(|job| format!("job {job}")))
                .unwrap_or_default(),
        }))
    }

    /// Where rank 0 is.
    pub fn at(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Where rank 0 listens: for its own machine alone where all are on it.
    pub(super) fn listens_at(&self) -> String {
        match self.host.as_str() {
            "127.0.0.1" | "localhost" | "::1" => format!("127.0.0.1:{}", self.port),
            _ => format!("0.0.0.0:{}", self.port),
        }
    }

    /// The variables by which a process of this machine becomes `rank`.
    pub fn variables(&self, rank: usize) -> [(&'static str, String); 6] {
        [
            ("RANK", rank.to_string()),
            ("WORLD_SIZE", self.ranks.to_string()),
            ("LOCAL_RANK", rank.to_string()),
            ("MASTER_ADDR", self.host.clone()),
            ("MASTER_PORT", self.port.to_string()),
            (TOKEN, self.token.clone()),
        ]
    }
}

/// A place for `ranks` processes of this machine to meet, as rank 0 sees it, which listens already.
///
/// # Errors
/// When the system gives no port.
pub fn local(ranks: usize) -> Result<(TcpListener, Rendezvous), Problem> {
    let no_port = |e: std::io::Error| {
        Problem::new(format!("The ranks have no port to meet at: {e}."))
            .hint("Close other programs and try again.")
    };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(no_port)?;
    let port = listener.local_addr().map_err(no_port)?.port();
    // Not a secret of state: it keeps another run that was given the same port away.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.unwrap_or_default().as_nanos();
    let place = Rendezvous {
        rank: 0,
        ranks,
        local_rank: 0,
        host: "127.0.0.1".to_owned(),
        port,
        token: format!("{} {nanos}", std::process::id()),
        by_mpi: false,
        all_here: true,
    };
    Ok((listener, place))
}

/// The first machine of a list as Slurm writes it, `node[03-05,9],gpu1`.
fn first_node(nodes: &str) -> String {
    let end = nodes.find([',', '[']).unwrap_or(nodes.len());
    let (name, rest) = nodes.split_at(end);
    match rest.strip_prefix('[') {
        None => name.to_owned(),
        Some(numbers) => {
            let end = numbers.find(['-', ',', ']']).unwrap_or(numbers.len());
            let after = rest.split_once(']').map_or("", |(_, after)| after);
            let after = after.split(',').next().unwrap_or_default();
            format!("{name}{}{after}", numbers.get(..end).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)]) -> Result<Option<Rendezvous>, Problem> {
        Rendezvous::find(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_launcher_is_understood() -> Result<(), Problem> {
        let torchrun = find(&[
            ("RANK", "3"),
            ("WORLD_SIZE", "4"),
            ("LOCAL_RANK", "1"),
            ("MASTER_ADDR", "alpha"),
            ("MASTER_PORT", "1234"),
        ])?;
        let place = torchrun.expect("there are four");
        assert_eq!((place.rank, place.ranks, place.local_rank), (3, 4, 1));
        assert_eq!(place.at(), "alpha:1234");
        let mpirun = [
            ("OMPI_COMM_WORLD_RANK", "1"),
            ("OMPI_COMM_WORLD_SIZE", "2"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
        ];
        let place = find(&mpirun)?.expect("there are two");
        assert_eq!((place.rank, place.at().as_str()), (1, "127.0.0.1:29500"));
        let mut srun = vec![
            ("SLURM_PROCID", "2"),
            ("SLURM_NTASKS", "8"),
            ("SLURM_LOCALID", "0"),
            ("SLURM_JOB_NODELIST", "gpu[07-10]"),
            ("SLURM_JOB_ID", "12003"),
        ];
        assert_eq!(find(&srun)?, None, "a batch script is no rank");
        srun.push(("SLURM_STEP_ID", "0"));
        let place = find(&srun)?.expect("a step is");
        assert_eq!((place.rank, place.ranks, place.local_rank), (2, 8, 0));
        assert_eq!(
            (place.at().as_str(), place.token.as_str()),
            ("gpu07:20003", "job 12003")
        );
        assert_eq!(find(&[])?, None);
        assert_eq!(find(&[("RANK", "0"), ("WORLD_SIZE", "1")])?, None);
        Ok(())
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for variables in [
            [("RANK", "2"), ("WORLD_SIZE", "2")],
            [("RANK", "first"), ("WORLD_SIZE", "2")],
        ] {
            let refused = find(&variables).expect_err("no such rank").to_string();
            assert!(refused.contains("srun"), "{refused}");
        }
    }

    #[test]
    fn the_first_node_of_a_list() {
        for (list, first) in [
            ("alpha", "alpha"),
            ("alpha,beta", "alpha"),
            ("gpu[07-10],x", "gpu07"),
            ("n[3,5].lab,m", "n3.lab"),
        ] {
            assert_eq!(first_node(list), first);
        }
    }
}
