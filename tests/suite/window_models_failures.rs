//! The Models page where things go wrong, by accessible label: imports, downloads, disks, bundles.

use crate::fake_hub::{FakeHub, REPO, noise};
use crate::golden::root;
use crate::window::{
    Outcome, Window, click, config_with_hub, has_text, open, places, show_models, state, wait,
};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{
    Action, BundleState, DownloadState, HubAction, ImportAction, ImportStep, LibraryAction, Page,
};
use lgd_studio::job::{BundleSource, JobEvent, LibraryEvent, Problem};
use std::path::{Path, PathBuf};

pub const UNET: &str = "unet/diffusion_pytorch_model.safetensors";

/// A window on the page.
pub fn models(home: &Path) -> Window {
    let mut window = open(config_with_hub(home));
    show_models(&mut window);
    window
}

/// A copy of the published InstructPix2Pix folder of the golden numbers.
pub fn originals(home: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (from, to) = (root()?.join("ip2p/pipeline"), home.join("instruct-pix2pix"));
    for folder in ["scheduler", "text_encoder", "tokenizer", "unet", "vae"] {
        std::fs::create_dir_all(to.join(folder))?;
        for entry in std::fs::read_dir(from.join(folder))? {
            let entry = entry?;
            std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()))?;
        }
    }
    Ok(to)
}

/// Opens the dialog for imports on a folder, until it was looked at.
pub fn look_at(window: &mut Window, folder: &Path) {
    let open = ImportAction::Open(vec![folder.to_path_buf()]);
    window.state_mut().act(Action::Import(open));
    wait(window, "the files were looked at", |window| {
        state(window).library.import.recognised().is_some()
    });
}

pub fn import_state(window: &Window) -> Option<ImportStep> {
    let going = state(window).library.import.going.first()?;
    Some(going.state.clone())
}

#[test]
fn window_an_import_that_failed_says_why_and_goes_on_when_that_is_mended() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = originals(home.path())?;
    let mut window = models(home.path());
    look_at(&mut window, &folder);
    // The file is cut off between the look and the import.
    let whole = std::fs::read(folder.join(UNET))?;
    std::fs::write(
        folder.join(UNET),
        whole.get(..whole.len() / 2).ok_or("empty")?,
    )?;
    click(&mut window, "Make the bundle");
    wait(&mut window, "the import failed", |window| {
        matches!(import_state(window), Some(ImportStep::Failed(_)))
    });
    let Some(ImportStep::Failed(problem)) = import_state(&window) else {
        panic!("it failed just now");
    };
    assert!(has_text(&window, "Interrupted"), "the badge says so");
    assert!(has_text(&window, &problem.message));
    let hint = problem.hint.as_deref().ok_or("what to do is not said")?;
    assert!(has_text(&window, hint), "{hint}");
    let file = problem.file.as_deref().ok_or("the file is not named")?;
    assert!(has_text(&window, &file.display().to_string()));

    std::fs::write(folder.join(UNET), whole)?;
    click(&mut window, "Continue instruct-pix2pix");
    let made = places(home.path()).bundles().join("instruct-pix2pix");
    wait(&mut window, "the bundle is made", |window| {
        let source = BundleSource::Folder(made.clone());
        matches!(state(window).library.details(&source), Some(Ok(_)))
    });
    assert!(has_text(&window, "is imported and can be used"));
    Ok(())
}

#[test]
fn window_a_disk_without_room_is_said_before_and_while_it_fills_up() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = originals(home.path())?;
    let mut window = models(home.path());
    look_at(&mut window, &folder);
    wait(&mut window, "the room was measured", |window| {
        state(window).library.import.free.is_some()
    });
    let full = LibraryEvent::Room(Some(1000));
    window.state_mut().receive(JobEvent::Library(full));
    window.step();
    window.step();
    assert!(has_text(&window, "1 kB"), "what is free is said");
    click(&mut window, "Make the bundle");
    assert!(
        import_state(&window).is_none(),
        "nothing begins without room"
    );

    let room = LibraryEvent::Room(Some(1 << 40));
    window.state_mut().receive(JobEvent::Library(room));
    window.step();
    window
        .get_by_role_and_label(Role::Button, "Make the bundle")
        .click();
    window.step();
    // The disk fills up while the job works; its own words about that are tested where it writes.
    let job = match import_state(&window) {
        Some(ImportStep::Running(job)) => job,
        other => panic!("{other:?}"),
    };
    let problem = Problem::new("The disk is full; the bundle is not finished.")
        .hint("Make room and start the same import again: it goes on where it stopped.")
        .file(places(home.path()).bundles());
    window.state_mut().receive(JobEvent::Failed(job, problem));
    window.step();
    window.step();
    assert!(has_text(&window, "The disk is full"));
    assert!(has_text(&window, "Make room"));
    for label in ["Continue instruct-pix2pix", "Discard instruct-pix2pix"] {
        let button = window.query_by_role_and_label(Role::Button, label);
        assert!(button.is_some(), "{label}");
    }
    Ok(())
}

#[test]
fn window_a_download_that_failed_keeps_what_arrived_and_goes_on() -> Outcome {
    let files = vec![
        ("README.md", b"# A toon\n".to_vec()),
        ("vae/diffusion_pytorch_model.safetensors", noise(600_000, 5)),
    ];
    let fake = FakeHub::start(&files)?;
    let home = tempfile::tempdir()?;
    let mut window = models(home.path());
    let mut settings = state(&window).settings.clone();
    settings.network.endpoint = fake.address.clone();
    let settings = Action::EditSettings(Box::new(settings));
    window.state_mut().act(settings);
    let asked = REPO
        .parse()
        .map_err(|problem: Problem| problem.to_string())?;
    window
        .state_mut()
        .act(Action::Hub(HubAction::LookUp(asked)));
    wait(&mut window, "the repository was looked up", |window| {
        matches!(state(window).library.hub.found, Some(Ok(_)))
    });
    // A file stands where the cache would be.
    std::fs::write(home.path().join("hub"), "in the way")?;
    window.state_mut().act(Action::Hub(HubAction::Start));
    wait(&mut window, "the download failed", |window| {
        let downloads = &state(window).library.hub.downloads;
        matches!(
            downloads.first().map(|download| &download.state),
            Some(DownloadState::Failed(_))
        )
    });
    let problem = match &state(&window).library.hub.downloads[0].state {
        DownloadState::Failed(problem) => problem.clone(),
        other => panic!("{other:?}"),
    };
    assert!(has_text(&window, &problem.message), "{problem}");
    assert!(problem.hint.is_some_and(|hint| has_text(&window, &hint)));
    std::fs::remove_file(home.path().join("hub"))?;
    click(&mut window, &format!("Continue {REPO}"));
    wait(&mut window, "everything arrived", |window| {
        state(window).library.hub.downloads.is_empty()
    });
    assert!(has_text(&window, "is downloaded"));
    Ok(())
}

#[test]
fn window_a_broken_bundle_that_answers_leads_to_another_one() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = places(home.path()).bundles().join("broken");
    std::fs::create_dir_all(folder.join("unet"))?;
    std::fs::write(folder.join("lgd.json"), "{ \"format\": 1, \"name\": ")?;
    let mut window = models(home.path());
    let source = BundleSource::Folder(folder);
    let shown = LibraryAction::Use(source.clone());
    window.state_mut().act(Action::Library(shown));
    wait(&mut window, "the bundle cannot be loaded", |window| {
        matches!(state(window).bundle, BundleState::Failed(_))
            && state(window).library.damage(&source).is_some()
    });
    window.step();
    assert!(has_text(&window, "Damaged"));
    assert!(has_text(&window, "Cannot read the bundle's description"));
    window.state_mut().act(Action::ShowPage(Page::Ask));
    for _ in 0..4 {
        window.step();
    }
    assert!(has_text(&window, "Cannot read the bundle's description"));
    click(&mut window, "Choose another model");
    assert_eq!(state(&window).page, Page::Models);
    let embedded = LibraryAction::Use(BundleSource::Embedded);
    window.state_mut().act(Action::Library(embedded));
    wait(&mut window, "another one answers", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    Ok(())
}
