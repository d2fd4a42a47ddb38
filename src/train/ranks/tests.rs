//! Stars of threads: what they sum, what they hear, and how a lost rank is noticed.

use super::*;
use candle_core::DType;
use std::time::{Duration, Instant};

type TestResult = Result<(), Box<dyn std::error::Error>>;
type Mean = Result<Vec<f32>, RankError>;

const PATIENCE: Patience = Patience {
    meeting: Duration::from_secs(20),
    silence: Duration::from_secs(20),
};

/// Lets `work` be done by every rank of a star.
fn with_ranks<T: Send>(
    ranks: usize,
    patience: Patience,
    work: impl Fn(Star) -> T + Sync,
) -> Result<Vec<T>, Box<dyn std::error::Error>> {
    let (listener, place) = local(ranks)?;
    let (work, listener) = (&work, &listener);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..ranks)
            .map(|rank| {
                let place = Rendezvous {
                    rank,
                    ..place.clone()
                };
                scope.spawn(move || {
                    let star = match rank {
                        0 => Star::host(listener, &place, patience, &mut || Ok(())),
                        _ => Star::meet(&place, patience),
                    };
                    star.map(work)
                })
            })
            .collect();
        let all = all.into_iter().map(|thread| match thread.join() {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err("a rank panicked".into()),
        });
        all.collect()
    })
}

/// Numbers of very different sizes, so that another order of summing gives other bits.
fn numbers(rank: usize, count: usize) -> Vec<f32> {
    let mut stream = crate::nn::noise::Stream::new(7, "ranks", 0, rank as u64);
    (0..count)
        .map(|place| stream.normal() * 10f32.powi((place % 7) as i32 - 3))
        .collect()
}

#[test]
fn everybody_gets_the_mean_in_the_order_of_the_ranks() -> TestResult {
    // More than one piece of a message, and not a whole number of them.
    let (ranks, count) = (3, 40_001);
    let means = with_ranks(ranks, PATIENCE, |mut star| -> Mean {
        let values = Tensor::new(numbers(star.rank(), count), &Device::Cpu)?;
        let mean = star.mean(values)?;
        star.barrier()?;
        assert_eq!(mean.dtype(), DType::F32);
        Ok(mean.to_vec1::<f32>()?)
    })?;
    let parts: Vec<Vec<f32>> = (0..ranks).map(|rank| numbers(rank, count)).collect();
    let expected: Vec<u32> = (0..count)
        .map(|i| ((parts[0][i] + parts[1][i] + parts[2][i]) * (1.0 / 3.0f32)).to_bits())
        .collect();
    for mean in means {
        let mean: Vec<u32> = mean?.iter().map(|number| number.to_bits()).collect();
        assert_eq!(mean, expected);
    }
    Ok(())
}

#[test]
fn rank_0_is_heard_by_all_and_hears_all() -> TestResult {
    let heard = with_ranks(3, PATIENCE, |mut star| -> Result<_, RankError> {
        let own = format!("rank {}", star.rank()).into_bytes();
        let said = star.broadcast(own.clone())?;
        Ok((said, star.gather(own)?))
    })?;
    for heard in heard {
        let (said, all) = heard?;
        assert_eq!(said, b"rank 0");
        assert_eq!(
            all,
            [b"rank 0".to_vec(), b"rank 1".to_vec(), b"rank 2".to_vec()]
        );
    }
    Ok(())
}

#[test]
fn a_rank_that_leaves_or_vanishes_or_is_silent_is_named() -> TestResult {
    // 1. It says why.
    let ended = with_ranks(2, PATIENCE, |mut star| match star.rank() {
        0 => star.barrier().err().map(|error| error.to_string()),
        _ => {
            star.leave("The data folder is gone.");
            None
        }
    })?;
    let text = ended[0].as_deref().ok_or("nobody left")?;
    assert_eq!(text, "Rank 1 ended: The data folder is gone.");
    // 2. Its connection closes.
    let ended = with_ranks(3, PATIENCE, |mut star| match star.rank() {
        2 => None,
        _ => star.barrier().err().map(|error| error.to_string()),
    })?;
    let text = ended[0].as_deref().ok_or("nobody left")?;
    assert!(text.starts_with("Rank 2 is lost: "), "{text}");
    // The other one hears of it from rank 0, or sees that one go.
    assert!(
        ended[1]
            .as_deref()
            .is_some_and(|text| text.contains("Rank 0"))
    );
    Ok(())
}

#[test]
fn a_rank_that_only_computes_is_not_lost() -> TestResult {
    let brief = Patience {
        silence: Duration::from_millis(600),
        ..PATIENCE
    };
    let done = with_ranks(2, brief, |mut star| {
        if star.rank() == 1 {
            std::thread::sleep(Duration::from_millis(1800));
        }
        star.barrier().map_err(|error| error.to_string())
    })?;
    assert_eq!(done, [Ok(()), Ok(())]);
    Ok(())
}

#[test]
fn who_does_not_come_in_time_is_named_and_strangers_are_sent_away() -> TestResult {
    let brief = Patience {
        meeting: Duration::from_millis(400),
        ..PATIENCE
    };
    let (listener, place) = local(3)?;
    let stranger = Rendezvous {
        rank: 1,
        token: "another run".to_owned(),
        ..place.clone()
    };
    let began = Instant::now();
    let (host, guest) = std::thread::scope(|scope| {
        let guest = scope.spawn(move || Star::meet(&stranger, brief).err());
        let host = Star::host(&listener, &place, brief, &mut || Ok(())).err();
        (host, guest.join())
    });
    assert!(began.elapsed() < Duration::from_secs(15));
    let host = host.ok_or("nobody came")?.to_string();
    assert!(host.contains("rank 1, 2 did not come"), "{host}");
    let guest = guest.map_err(|_panic| "a panic")?.ok_or("it was let in")?;
    assert!(guest.to_string().contains("another run"), "{guest}");
    Ok(())
}

/// A silent side: it is connected, and nothing comes from it.
#[test]
fn a_side_that_hangs_is_lost_after_a_while() -> TestResult {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let _other = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept()?;
    let line = frames::Line::new(4, stream, Duration::from_millis(300))?;
    let error = line.receive(10).err().ok_or("it said something")?;
    assert_eq!(
        error.to_string(),
        "Rank 4 is lost: it said nothing for 0.3 seconds."
    );
    Ok(())
}
