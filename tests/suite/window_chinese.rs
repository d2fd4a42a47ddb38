//! What the window tells from below it, in Chinese: failures of every page with what to do, findings of
//! the machine, and times where the person is.

use crate::window::{Outcome, Window, config, has_text, open_sized, places, state, wait};
use jiff::tz::{Offset, TimeZone};
use lgd_studio::app::{
    Action, AppConfig, BundleState, CareAction, DatasetAction, Dialog, Language, Page, Texts,
    TrainAction,
};
use lgd_studio::job::{BundleSource, Problem};
use std::path::Path;

/// A Chinese window eight hours ahead of UTC.
fn chinese(home: &Path, change: impl FnOnce(&mut AppConfig)) -> Window {
    let mut config = AppConfig {
        locale: Some("zh-CN".to_owned()),
        zone: Some(TimeZone::fixed(Offset::constant(8))),
        ..config(home)
    };
    change(&mut config);
    open_sized(config, [1280.0, 800.0])
}

fn show(window: &mut Window, action: Action) {
    window.state_mut().act(action);
    window.run_steps(6);
}

/// Holds a problem against the window: its sentences are there in Chinese, and none is English.
fn is_told(window: &Window, problem: &Problem) {
    let texts = Texts::of(Language::Chinese);
    for english in problem.hint.iter().chain([&problem.message]) {
        let chinese = texts.words(english);
        assert_ne!(chinese, english.as_str(), "it is translated");
        assert!(has_text(window, &chinese), "{chinese}");
        assert!(!has_text(window, english), "{english}");
    }
}

#[test]
fn window_tells_in_chinese_why_a_model_and_a_picture_cannot_be_used() -> Outcome {
    let home = tempfile::tempdir()?;
    let broken = home.path().join("broken.png");
    std::fs::write(&broken, "no picture")?;
    let mut window = chinese(home.path(), |config| {
        config.bundle = Some(BundleSource::Folder(home.path().join("gone")));
        config.files = vec![broken];
    });
    wait(&mut window, "both have failed", |window| {
        let notices = &state(window).notices;
        matches!(state(window).bundle, BundleState::Failed(_)) && !notices.is_empty()
    });
    let BundleState::Failed(problem) = state(&window).bundle.clone() else {
        return Err("the model is not there".into());
    };
    is_told(&window, &problem);
    assert!(has_text(&window, "没有这个名称的模型包文件夹。"));
    assert!(has_text(&window, "无法读取图片：文件不是图片。"));
    assert!(has_text(
        &window,
        "请选择 PNG、JPEG、WebP、GIF、BMP 或 TIFF 图片。"
    ));
    Ok(())
}

#[test]
fn window_tells_in_chinese_what_is_wrong_with_a_data_set() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = chinese(home.path(), |_| {});
    let open = DatasetAction::Open(home.path().to_path_buf());
    show(&mut window, open.into());
    wait(&mut window, "the folder is refused", |window| {
        state(window).dataset.failed.is_some()
    });
    let problem = state(&window).dataset.failed.clone();
    is_told(&window, &problem.ok_or("it failed")?);
    assert!(has_text(&window, "此文件夹中没有条目列表。"));

    show(&mut window, Action::ShowPage(Page::Train));
    let examine = TrainAction::Examine(home.path().to_path_buf());
    show(&mut window, Action::Train(examine));
    wait(&mut window, "the folder was looked at", |window| {
        state(window).train.health.is_some()
    });
    let health = state(&window).train.health.clone();
    let problem = health.and_then(Result::err).ok_or("it is no data set")?;
    is_told(&window, &problem);
    assert!(has_text(&window, "此文件夹中没有数据集。"));
    Ok(())
}

#[test]
fn window_tells_the_findings_of_the_machine_in_chinese() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = chinese(home.path(), |_| {});
    show(&mut window, Action::ShowDialog(Dialog::Doctor));
    show(&mut window, CareAction::Examine.into());
    wait(&mut window, "everything was looked at", |window| {
        state(window).care.findings.is_some()
    });
    window.run_steps(4);
    let findings = state(&window).care.findings.clone().unwrap_or_default();
    let texts = Texts::of(Language::Chinese);
    for finding in findings.iter() {
        let shown = texts.words(&finding.found);
        assert!(has_text(&window, &shown), "{shown}");
        if let Some(hint) = &finding.hint {
            is_told(&window, &Problem::new(hint.as_str()));
        }
    }
    for words in ["MiB，可用", "个线程", "GB 可用于运行记录和模型包"] {
        assert!(has_text(&window, words), "{words}");
    }
    Ok(())
}

#[test]
fn window_tells_times_of_the_log_where_the_person_is() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = places(home.path()).logs();
    std::fs::create_dir_all(&folder)?;
    let line = "2026-11-28T22:04:05Z WARN 7 main app something went on differently\n";
    std::fs::write(folder.join("lgd-studio.2026-11-28.log"), line)?;
    let mut window = chinese(home.path(), |_| {});
    show(&mut window, Action::ShowPage(Page::Log));
    wait(&mut window, "the log is read", |window| {
        has_text(window, "something went on differently")
    });
    assert!(has_text(&window, "2026年11月29日 06:04:05 警告"));
    Ok(())
}

#[test]
fn window_tells_in_chinese_that_the_log_cannot_be_read() -> Outcome {
    let home = tempfile::tempdir()?;
    std::fs::create_dir_all(&places(home.path()).state)?;
    std::fs::write(places(home.path()).logs(), "in the way")?;
    let mut window = chinese(home.path(), |_| {});
    show(&mut window, Action::ShowPage(Page::Log));
    wait(&mut window, "the reason is shown", |window| {
        has_text(window, "无法读取日志")
    });
    let shown = state(&window).care.log.shown.clone();
    let problem = shown.and_then(Result::err).ok_or("there is no log")?;
    let texts = Texts::of(Language::Chinese);
    assert!(has_text(&window, &texts.problem(&problem)));
    assert!(!has_text(&window, "cannot be read"));
    Ok(())
}
