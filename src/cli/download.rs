//! `lgd-studio bundle download`.

use super::{Failure, GlobalArgs, output};
use crate::job::hub::{
    Asked, DownloadProgress, DownloadStage, Hub, HubError, Listing, MAIN, NetworkSettings,
    Patience, RepoId, RequestBook, Secret, cache_folder,
};
use crate::job::{CancelToken, Places, Problem};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// What to download.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio bundle download timbrooks/instruct-pix2pix --variant fp16\n  lgd-studio bundle download Salesforce/blip2-flan-t5-xl --dry-run\n\nA download that was stopped goes on when the same command is given again."
)]
pub(super) struct DownloadArgs {
    /// A repository as owner/name, or the address of its page
    #[arg(value_name = "REPO")]
    repo: String,
    /// Branch, tag or commit [default: main]
    #[arg(long)]
    revision: Option<String>,
    /// Prefer this variant of the weights to the plain one, for example fp16
    #[arg(long)]
    variant: Option<String>,
    /// Take these files instead of the usual choice; a path, or the end of one after a *
    #[arg(long, value_name = "PATTERN")]
    file: Vec<String>,
    /// Show what would be downloaded, and stop
    #[arg(long)]
    dry_run: bool,
    /// Address of a mirror [default: HF_ENDPOINT, else huggingface.co]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Address of a proxy [default: the one of the environment]
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// The cache to put the files into [default: the Hugging Face cache]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

pub(super) fn run(args: &DownloadArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let asked: Asked = args.repo.parse().map_err(Failure::from)?;
    let revision = args.revision.clone().or(asked.revision);
    let revision = revision.as_deref().unwrap_or(MAIN);
    let repo = asked.repo;
    let cache = args.cache.clone().or_else(cache_folder).ok_or_else(|| {
        Problem::new("There is no folder for downloads.").hint("Name one with --cache.")
    })?;
    let settings = NetworkSettings {
        endpoint: args.endpoint.clone().unwrap_or_default(),
        proxy: args.proxy.clone().unwrap_or_default(),
        token: Secret::default(), // from the environment: arguments are seen by other users
        ..NetworkSettings::default()
    };
    let failed = |error: HubError| failure(&error, &repo);
    let settings = settings.with_environment();
    let book = RequestBook::of(Places::of_user().as_ref());
    let written = move |request| book.add(&request);
    let hub = Hub::open(&settings, Patience::default(), written).map_err(failed)?;
    let token = CancelToken::default();
    let stop = token.clone();
    if let Err(error) = ctrlc::set_handler(move || stop.cancel()) {
        tracing::warn!("Ctrl-C will not be graceful: {error}");
    }
    let listing = hub.list(&repo, revision, &token).map_err(failed)?;
    let chosen = chosen(args, &listing)?;
    let spec = listing.spec(&chosen, cache);
    if args.dry_run {
        plan(&listing, &chosen, global);
        return Ok(());
    }
    let bar = ProgressBar::new(spec.bytes()); // on standard error, and only on a terminal
    if let Ok(style) =
        ProgressStyle::with_template("{msg:<32!} {wide_bar} {bytes}/{total_bytes} {eta}")
    {
        bar.set_style(style);
    }
    let downloaded = hub.download(&spec, &token, |progress| show(&bar, &progress));
    bar.finish_and_clear();
    let folder = downloaded.map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({
            "repo": listing.repo.as_str(),
            "commit": listing.commit,
            "folder": folder,
            "files": spec.files.len(),
            "bytes": spec.bytes(),
        }));
    } else {
        output::line(folder.display());
    }
    Ok(())
}

fn show(bar: &ProgressBar, progress: &DownloadProgress) {
    bar.set_position(progress.bytes.0);
    bar.set_message(match progress.stage {
        DownloadStage::Receiving => progress.file.clone(),
        DownloadStage::Checking => format!("checking {}", progress.file),
        DownloadStage::Waiting(seconds) => format!("trying again in {seconds} s"),
    });
}

/// Which files to take, by the usual choice or by what the person named.
fn chosen(args: &DownloadArgs, listing: &Listing) -> Result<Vec<bool>, Failure> {
    if args.file.is_empty() {
        return Ok(listing.wanted_as(args.variant.as_deref()));
    }
    let fits = |path: &str, pattern: &str| match pattern.strip_prefix('*') {
        Some(end) => path.ends_with(end),
        None => path == pattern,
    };
    for pattern in &args.file {
        if listing.files.iter().all(|file| !fits(&file.path, pattern)) {
            return Err(
                Problem::new(format!("{} has no file {pattern}.", listing.repo))
                    .hint("See what it has with --dry-run.")
                    .into(),
            );
        }
    }
    let wanted = |path: &str| args.file.iter().any(|pattern| fits(path, pattern));
    Ok(listing
        .files
        .iter()
        .map(|file| wanted(&file.path))
        .collect())
}

/// Every file with its size, and whether it would be downloaded.
fn plan(listing: &Listing, chosen: &[bool], global: &GlobalArgs) {
    if global.json {
        let files = listing.files.iter().zip(chosen).map(|(file, chosen)| {
            serde_json::json!({ "path": file.path, "bytes": file.bytes, "chosen": chosen })
        });
        output::json(&serde_json::json!({
            "repo": listing.repo.as_str(),
            "commit": listing.commit,
            "licence": listing.licence,
            "bytes": listing.bytes(chosen),
            "files": files.collect::<Vec<_>>(),
        }));
        return;
    }
    for (file, chosen) in listing.files.iter().zip(chosen) {
        let mark = if *chosen { "take" } else { "leave" };
        output::line(format!(
            "{mark:<6}{:>12}  {}",
            output::size(file.bytes),
            file.path
        ));
    }
    output::line(format!(
        "{:<6}{:>12}  in all",
        "",
        output::size(listing.bytes(chosen))
    ));
}

fn failure(error: &HubError, repo: &RepoId) -> Failure {
    match error {
        HubError::Stopped => Failure::Cancelled,
        error => error.problem(repo).into(),
    }
}
