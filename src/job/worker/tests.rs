//! The worker against panics, and against devices that fail.

use super::*;
use crate::job::outbox::Outbox;
use crate::job::{DeviceChoice, FrameOrigin, MemoryPlan, Remedy};
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn a_panic_fails_its_job_and_the_worker_lives_on() {
    let (outbox, _events) = Outbox::for_tests();
    let mut worker = Worker::new(SharedResources::default(), outbox, None);
    let failed = worker.guarded(JobId(1), |_| panic!("an index went astray"));
    assert!(
        matches!(&failed, JobEvent::Failed(JobId(1), problem)
            if problem.message.contains("an index went astray") && problem.hint.is_some()),
        "{failed:?}"
    );
    assert!(worker.resident.is_none());
    let next = worker.guarded(JobId(2), |worker| {
        worker.load(JobId(2), &BundleSource::Embedded)
    });
    assert!(matches!(next, JobEvent::Loaded(JobId(2), _)), "{next:?}");
}

/// A device whose driver answers with an error from the moment it is told to.
fn breaking(worker: &mut Worker) -> Arc<AtomicBool> {
    let broken = Arc::new(AtomicBool::new(false));
    let (asked, gauge) = (broken.clone(), worker.gauge.clone());
    worker.gauge = Arc::new(move |device| match asked.load(Ordering::Relaxed) {
        false => gauge(device),
        true => Err(candle_core::Error::Cuda(
            r#"DriverError(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure")"#.into(),
        )),
    });
    broken
}

#[test]
fn a_device_lost_while_drawing_fails_the_job_and_lets_the_models_go() {
    let (outbox, events) = Outbox::for_tests();
    let mut worker = Worker::new(SharedResources::default(), outbox, None);
    let broken = breaking(&mut worker);
    let load = JobSpec::Load(BundleSource::Embedded);
    let (token, no) = (CancelToken::default(), None);
    let loaded = worker.perform(JobId(1), load.clone(), &token, no);
    assert!(matches!(loaded, JobEvent::Loaded(..)), "{loaded:?}");
    let Some((_, pipeline)) = &worker.resident else {
        panic!("the bundle is resident");
    };
    // One network at a time: so memory is asked for in the middle of the run as well.
    pipeline.set_plan(MemoryPlan::smallest());

    broken.store(true, Ordering::Relaxed);
    let run = JobSpec::Run {
        bundle: BundleSource::Embedded,
        frame: frame(),
        requests: vec![EditRequest {
            question: "Why?".to_owned(),
            steps: 2,
            ..EditRequest::default()
        }],
    };
    let failed = worker.perform(JobId(2), run.clone(), &token, no);
    let JobEvent::Failed(JobId(2), problem) = &failed else {
        panic!("{failed:?}");
    };
    assert!(
        problem.message.contains("CUDA_ERROR_LAUNCH_FAILED"),
        "{problem}"
    );
    assert_eq!(problem.remedy, Some(Remedy::UseCpu));
    assert!(worker.resident.is_none(), "what was on the device is gone");
    let finals: Vec<_> = events.try_iter().filter_map(|e| e.ends()).collect();
    assert_eq!(finals, [], "the final event is the one that was returned");

    broken.store(false, Ordering::Relaxed);
    let again = worker.perform(JobId(3), run, &token, no);
    assert!(matches!(again, JobEvent::Finished(JobId(3))), "{again:?}");
}

#[test]
fn a_device_that_is_not_there_is_a_failure_with_a_way_back() {
    let (outbox, _events) = Outbox::for_tests();
    let resources = SharedResources::new(Resources {
        device: DeviceChoice::Cuda(15),
        ..Resources::default()
    });
    let mut worker = Worker::new(resources.clone(), outbox, None);
    let token = CancelToken::default();
    let load = JobSpec::Load(BundleSource::Embedded);
    let failed = worker.perform(JobId(1), load.clone(), &token, None);
    assert!(
        matches!(&failed, JobEvent::Failed(JobId(1), problem)
            if problem.remedy == Some(Remedy::UseCpu) && problem.hint.is_some()),
        "{failed:?}"
    );
    resources.set(Resources {
        device: DeviceChoice::Cpu,
        ..Resources::default()
    });
    let loaded = worker.perform(JobId(2), load, &token, None);
    assert!(matches!(loaded, JobEvent::Loaded(..)), "{loaded:?}");
}

fn frame() -> Frame {
    let image = Arc::new(RgbImage::from_pixel(64, 64, image::Rgb([90, 140, 200])));
    Frame {
        display: image.clone(),
        image,
        origin: FrameOrigin::Dropped,
    }
}
