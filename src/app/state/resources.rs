//! What networks may use: device, precision and memory, as the settings and the command line say.

use super::{AppState, Effect};
use crate::app::settings::Settings;
use crate::job::{DeviceChoice, DeviceFacts, Resources};

impl AppState {
    /// The devices of this machine, cards first; nothing until somebody looked.
    pub fn devices(&self) -> &[DeviceFacts] {
        self.train.devices.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The device that is taken where none is chosen; nothing until somebody looked.
    pub fn automatic_device(&self) -> Option<&DeviceFacts> {
        self.devices().iter().find(|facts| facts.device.is_some())
    }

    /// Whether a device can be used here; also true until somebody looked.
    pub fn has_device(&self, device: DeviceChoice) -> bool {
        let devices = self.devices();
        device == DeviceChoice::Auto
            || devices.is_empty()
            || devices.iter().any(|facts| facts.device == Some(device))
    }

    /// Takes other settings. What was changed about the networks holds from the next job on; what the
    /// command line said otherwise stays until it is changed here.
    pub(super) fn edit_settings(&mut self, settings: Settings) -> Vec<Effect> {
        let (old, new) = (self.settings.resources(), settings.resources());
        self.settings = settings;
        if old == new {
            return Vec::new();
        }
        let used = self.resources;
        self.use_resources(Resources {
            device: changed(old.device, new.device, used.device),
            precision: changed(old.precision, new.precision, used.precision),
            memory_limit: changed(old.memory_limit, new.memory_limit, used.memory_limit),
        })
    }

    /// Computes on the processor from now on, whatever was chosen.
    pub(super) fn use_cpu(&mut self) -> Vec<Effect> {
        self.settings.device = DeviceChoice::Cpu;
        self.use_resources(Resources {
            device: DeviceChoice::Cpu,
            ..self.resources
        })
    }

    fn use_resources(&mut self, resources: Resources) -> Vec<Effect> {
        self.resources = resources;
        vec![Effect::Use(resources), self.load_bundle()]
    }
}

/// The new value where it was changed, else the one in use.
fn changed<T: PartialEq>(old: T, new: T, used: T) -> T {
    if old == new { used } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::Session;
    use crate::app::state::{Action, BundleState};
    use crate::job::{BundleSource, JobSpec, MemorySize, Precision};

    fn state(settings: Settings) -> AppState {
        AppState::new(settings, Session::default(), BundleSource::Embedded, 1)
    }

    fn facts(device: Option<DeviceChoice>, name: &str) -> DeviceFacts {
        DeviceFacts {
            device,
            name: name.to_owned(),
            memory: None,
            load: None,
            temperature: None,
        }
    }

    /// What networks may use from now on, if an effect says so; it loads the bundle again then.
    fn used(effects: &[Effect]) -> Option<Resources> {
        match effects {
            [] => None,
            [Effect::Use(resources), Effect::Submit(_, JobSpec::Load(_))] => Some(*resources),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_of_settings_leaves_alone_what_the_command_line_said() {
        let mut state = state(Settings::default());
        state.resources.device = DeviceChoice::Cuda(1);
        let settings = Settings {
            memory_limit: Some(MemorySize(8 << 30)),
            ..Settings::default()
        };
        let effects = state.apply(Action::EditSettings(Box::new(settings.clone())));
        let limited = Resources {
            device: DeviceChoice::Cuda(1),
            precision: Precision::Auto,
            memory_limit: Some(MemorySize(8 << 30)),
        };
        assert_eq!(used(&effects), Some(limited));
        assert!(matches!(state.bundle, BundleState::Loading));

        let settings = Settings {
            precision: Precision::Bf16,
            device: DeviceChoice::Cpu,
            ..settings
        };
        let effects = state.apply(Action::EditSettings(Box::new(settings.clone())));
        let chosen = Resources {
            device: DeviceChoice::Cpu,
            precision: Precision::Bf16,
            ..limited
        };
        assert_eq!(used(&effects), Some(chosen));
        let same = state.apply(Action::EditSettings(Box::new(settings)));
        assert_eq!(used(&same), None);
    }

    #[test]
    fn the_way_back_to_the_processor_is_kept() {
        let mut state = state(Settings {
            device: DeviceChoice::Cuda(3),
            precision: Precision::Bf16,
            ..Settings::default()
        });
        let effects = state.apply(Action::UseCpu);
        let resources = used(&effects).expect("it takes effect");
        assert_eq!(resources.device, DeviceChoice::Cpu);
        assert_eq!(resources.precision, Precision::Bf16);
        assert_eq!(state.settings.device, DeviceChoice::Cpu);
    }

    #[test]
    fn a_device_is_missing_only_when_somebody_looked() {
        let mut state = state(Settings::default());
        assert!(state.has_device(DeviceChoice::Cuda(0)));
        assert!(state.automatic_device().is_none());
        let devices = vec![
            facts(None, "A card without support"),
            facts(Some(DeviceChoice::Cuda(1)), "A card"),
            facts(Some(DeviceChoice::Cpu), "A processor"),
        ];
        state.train.devices = Some(devices.into());
        assert!(!state.has_device(DeviceChoice::Cuda(0)));
        for there in [DeviceChoice::Cuda(1), DeviceChoice::Cpu, DeviceChoice::Auto] {
            assert!(state.has_device(there), "{there}");
        }
        let automatic = state.automatic_device().map(|facts| facts.name.as_str());
        assert_eq!(automatic, Some("A card"));
    }
}
