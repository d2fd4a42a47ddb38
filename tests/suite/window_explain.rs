//! Explaining a column in the window by accessible label: words, effects, cancelling, reading back.

use crate::window::{
    Outcome, Window, ask_quickly, click, column, config, drawn, has_text, open, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{Explained, Inquiry, Topic};
use lgd_studio::job::{GuidanceMode, PieceOf};

fn explained(window: &Window) -> &Explained {
    &column(window, 0).explained
}

/// The piece whose map is on screen.
fn shown(window: &Window) -> Option<String> {
    let picture = label_of(window, Role::Image, "Attention for ")?;
    let piece = picture.split_once("Attention for ")?.1;
    Some(piece.split_once(", up to")?.0.to_owned())
}

/// The first label of a role that contains a text.
fn label_of(window: &Window, role: Role, text: &str) -> Option<String> {
    let mut nodes = window.query_all_by_label_contains(text);
    let node = nodes.find(|node| node.accesskit_node().role() == role)?;
    node.accesskit_node().label()
}

#[test]
fn window_explains_words_step_by_step() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Latent], 4);
    let before = column(&window, 0).result().cloned().expect("drawn");
    window.key_press(Key::E);
    window.step();
    assert_eq!(state(&window).explaining, Some(0));
    assert!(has_text(&window, "Drawing it again, and watching"));
    wait(&mut window, "the attention is there", |window| {
        explained(window).attention.is_some()
    });
    assert!(!explained(&window).differs);
    window.step();

    // A chip shows its map; the arrow keys go on from there.
    let label = label_of(&window, Role::Button, "hungry, ").ok_or("a chip")?;
    click(&mut window, &label);
    assert_eq!(shown(&window).as_deref(), Some("hungry"));
    window.key_press(Key::ArrowLeft);
    window.step();
    window.step();
    assert_eq!(shown(&window).as_deref(), Some("gets"));
    window.key_press(Key::ArrowRight);
    window.step();
    window.step();
    assert_eq!(shown(&window).as_deref(), Some("hungry"));
    let query = label_of(&window, Role::Button, "query 16, ").ok_or("a query")?;
    click(&mut window, &query);
    assert_eq!(shown(&window).as_deref(), Some("query 16"));

    // The timeline moves it: other steps, other numbers. A word has larger ones than a query.
    click(&mut window, &label);
    let at_the_end = label_of(&window, Role::Image, "Attention for ");
    window.key_press(Key::Home);
    window.step();
    window.step();
    let at_the_start = label_of(&window, Role::Image, "Attention for ");
    assert_ne!(at_the_end, at_the_start);
    click(&mut window, "Mean of all steps");
    assert_ne!(
        label_of(&window, Role::Image, "Attention for "),
        at_the_start
    );
    assert!(has_text(&window, "Ends, padding and empty text take"));

    // The latent in words, and back to the columns; nothing about the picture has changed.
    click(&mut window, "Read the latent back");
    wait(&mut window, "the latent is read", |window| {
        explained(window).reading.is_some()
    });
    assert!(has_text(&window, "The model reads its latent as"));
    window.key_press(Key::E);
    window.step();
    window.step();
    assert_eq!(state(&window).explaining, None);
    let after = column(&window, 0).result().cloned().expect("kept");
    assert!(std::sync::Arc::ptr_eq(&before, &after));
    assert!(
        has_text(&window, "The model reads its latent as"),
        "beside the picture too"
    );
    // What was found is saved with the run.
    let run = state(&window).run.as_ref().expect("a run").to_file();
    assert!(run.columns[0].attention.is_some() && run.columns[0].reading.is_some());
    Ok(())
}

#[test]
fn window_measures_the_effect_of_every_word() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Question], 3);
    click(&mut window, "More about Question");
    click(&mut window, "Explain…");
    wait(&mut window, "the attention is there", |window| {
        explained(window).attention.is_some()
    });
    click(&mut window, "Effect");
    assert!(has_text(&window, "What does each word do?"));
    click(&mut window, "Measure every word");
    wait(&mut window, "every word is measured", |window| {
        explained(window).progress(Topic::Effects).is_none()
    });
    let effects = &explained(&window).effects;
    assert_eq!(effects.len(), 8);
    assert!(
        effects
            .iter()
            .all(|effect| effect.piece.of == PieceOf::Question)
    );
    let cat = label_of(&window, Role::Button, "cat, changes the picture by").ok_or("a bar")?;
    click(&mut window, &cat);
    window.get_by_role_and_label(Role::Image, "Change without cat");
    click(&mut window, "Largest first");
    click(&mut window, "Without it");
    window.get_by_role_and_label(Role::Image, "Picture without cat");

    // Kept as a column, it is the picture that was measured.
    let measured = explained(&window)
        .effects
        .iter()
        .find(|e| e.piece.word == "cat")
        .cloned();
    click(&mut window, "Add as column");
    assert_eq!(state(&window).explaining, None);
    wait(&mut window, "the column is drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns.len() == 2 && run.columns[1].result().is_some())
    });
    let kept = column(&window, 1).result().cloned().expect("drawn");
    assert!(measured.is_some_and(|measured| measured.picture == kept.display));
    Ok(())
}

#[test]
fn window_explaining_can_be_cancelled_and_started_again() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Question], 60);
    window.key_press(Key::E);
    wait(&mut window, "it is at work", |window| {
        explained(window)
            .progress(Topic::Attention)
            .is_some_and(|p| p.step > 0)
    });
    window.key_press(Key::Escape);
    window.step();
    wait(&mut window, "it has stopped", |window| {
        matches!(
            explained(window).inquiry(Topic::Attention),
            Inquiry::Cancelled
        )
    });
    window.step();
    assert!(has_text(&window, "Cancelled"));
    assert!(explained(&window).attention.is_none());
    click(&mut window, "Explain again");
    wait(&mut window, "the attention is there", |window| {
        explained(window).attention.is_some()
    });
    Ok(())
}

#[test]
fn window_says_beside_the_answer_that_it_was_cut() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.modes = vec![GuidanceMode::Answer];
        form.request.question = "What happens if the cat gets hungry? ".repeat(428); // 3000 words
        form.request.answer = Some("The cat eats the fish. ".repeat(40));
        form.request.steps = 1;
    });
    window.step();
    assert!(
        has_text(&window, "tokens, the rest is cut"),
        "on the question's rung"
    );
    window.key_press(Key::Enter);
    wait(&mut window, "the column is drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns[0].result().is_some())
    });
    window.step();
    // The badge beside the field carries the whole sentence.
    assert!(has_text(&window, "The answer is"));
    assert!(has_text(&window, "the model reads the first 24"));
    Ok(())
}
