//! What the threads of the data set report: a folder that is open, edits that are saved, pictures that
//! are there.

use super::edits::Edits;
use super::health::Health;
use super::memory::{MOST_RECENT, RecentFolder};
use super::thumbs::Thumbs;
use super::{DatasetAction, OpenFolder, PairFilter, Saving, ThumbState};
use crate::app::state::{AppState, Effect, NoticeKind};
use crate::job::datasets::{Opened, Pair};
use crate::job::{DatasetEvent, DatasetNews, Problem};
use std::path::Path;

impl AppState {
    /// Takes in what the thread of the folder reports.
    pub(in crate::app::state) fn on_dataset_event(&mut self, event: DatasetEvent) -> Vec<Effect> {
        match event {
            DatasetEvent::Opened(opening, path, opened) => {
                if opening == self.dataset.openings {
                    self.dataset.opening = None;
                    return self.dataset_opened(&path, opened);
                }
            }
            DatasetEvent::Saved(report, heard) => self.dataset.saved(report, heard),
            DatasetEvent::NotSaved(problem) => {
                if let Some(open) = &mut self.dataset.open {
                    open.saving = Saving::Failed(problem);
                } else {
                    self.notify(NoticeKind::Trouble(problem));
                }
            }
            DatasetEvent::Examined(opening, report) => {
                if opening == self.dataset.openings {
                    self.examined(report);
                }
            }
            DatasetEvent::Looked(opening, place, pictures) => {
                if opening == self.dataset.openings
                    && let Some(open) = &mut self.dataset.open
                    && open.cursor == Some(place)
                {
                    open.pictures = Some((place, pictures));
                }
            }
            DatasetEvent::ReadsVideos(reads) => self.dataset.reads_videos = Some(reads),
            DatasetEvent::Gathered(strip, gathered) => return self.gathered(strip, gathered),
            DatasetEvent::FramesLooked(strip, frames) => self.dataset.frames_looked(strip, frames),
            DatasetEvent::Added(opening, new, added) => {
                if opening == self.dataset.openings {
                    return self.pair_added(*new, added);
                }
            }
            DatasetEvent::TakenOut(opening, _, Err(problem)) => {
                self.notify(NoticeKind::Trouble(problem));
                // What is in the lists now is shown again.
                if opening == self.dataset.openings {
                    return self.act_on_dataset(DatasetAction::Reopen);
                }
            }
            DatasetEvent::TakenOut(_, _, Ok(())) => {}
        }
        Vec::new()
    }

    /// Takes in thumbnails.
    pub fn on_dataset_news(&mut self, news: DatasetNews) {
        let current = self.dataset.openings;
        let Some(open) = &mut self.dataset.open else {
            return;
        };
        if let (Some(going_on), Some(progress)) = (&mut open.health.going_on, news.examining) {
            *going_on = progress;
        }
        if let Some(strip) = &mut self.dataset.strip {
            strip.take_news(news.frames, news.gathering);
        }
        for (opening, place, made) in news.thumbnails {
            if opening == current {
                let state = made.map_or_else(ThumbState::Failed, ThumbState::Ready);
                open.thumbs.put(place, state);
            }
        }
    }

    fn dataset_opened(&mut self, path: &Path, opened: Result<Box<Opened>, Problem>) -> Vec<Effect> {
        let opened = match opened {
            Ok(opened) => *opened,
            Err(problem) => {
                self.dataset.failed = Some(problem);
                self.dataset.open = None;
                self.dataset.memory.open = false;
                return Vec::new();
            }
        };
        if opened.recovered > 0 {
            self.notify(NoticeKind::EditsRecovered(opened.recovered));
        }
        let dataset = &mut self.dataset;
        dataset.filter = PairFilter::default();
        dataset.looking = false;
        let memory = &mut dataset.memory;
        memory.open = true;
        let known = memory.recent.iter().position(|recent| recent.path == path);
        let recent = match known {
            Some(at) => memory.recent.remove(at),
            None => RecentFolder {
                path: path.to_path_buf(),
                ..RecentFolder::default()
            },
        };
        let there =
            |pair: &Pair| pair.place.name == recent.name && pair.place.split == recent.split;
        let cursor = opened.folder.pairs.iter().position(there);
        memory.recent.insert(0, recent);
        memory.recent.truncate(MOST_RECENT);
        let saving = match opened.recovered {
            0 => Saving::Saved,
            _ => Saving::Noted,
        };
        dataset.open = Some(OpenFolder {
            folder: opened.folder,
            holder: opened.holder,
            shown: Vec::new(),
            cursor,
            pictures: None,
            saving,
            conflicts: Vec::new(),
            health: Health::default(),
            adding: None,
            thumbs: Thumbs::default(),
            wanted: Vec::new(),
            edits: Edits::default(),
            sent: 0,
        });
        dataset.refresh();
        self.look_at_pair()
    }
}
