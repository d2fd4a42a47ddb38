//! What there is to compute on: memory, load and temperature, where the system tells.

use super::DeviceChoice;
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use sysinfo::System;

/// A device as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFacts {
    /// How it is chosen; none for a card that this build cannot use.
    pub device: Option<DeviceChoice>,
    /// What it is called.
    pub name: String,
    /// Bytes in use and all there are.
    pub memory: Option<(u64, u64)>,
    /// How busy it is, from 0 to 1.
    pub load: Option<f32>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
}

/// Reads the devices again and again.
pub(super) struct Devices {
    system: Option<System>,
    nvml: Option<Nvml>,
    usable: Vec<DeviceChoice>,
}

impl Devices {
    /// Looks for drivers once; without one there are no cards to read.
    pub fn open() -> Self {
        let nvml = Nvml::init();
        if let Err(error) = &nvml {
            tracing::debug!(%error, "no card is read");
        }
        Self {
            system: System::new().ok(),
            nvml: nvml.ok(),
            usable: DeviceChoice::available(),
        }
    }

    /// All devices, cards first. The load of the processor is that since the last call.
    pub fn read(&mut self) -> Vec<DeviceFacts> {
        let mut found = self.cards();
        for device in &self.usable {
            match device {
                DeviceChoice::Cpu | DeviceChoice::Auto => {}
                device if found.iter().any(|facts| facts.device == Some(*device)) => {}
                device => found.push(DeviceFacts {
                    device: Some(*device),
                    name: device.to_string(),
                    memory: None,
                    load: None,
                    temperature: None,
                }),
            }
        }
        found.push(self.processor());
        found
    }

    fn cards(&self) -> Vec<DeviceFacts> {
        let Some(nvml) = &self.nvml else {
            return Vec::new();
        };
        let count = nvml.device_count().unwrap_or(0);
        (0..count)
            .filter_map(|index| {
                let card = nvml.device_by_index(index).ok()?;
                let device = DeviceChoice::Cuda(index as usize);
                let memory = card.memory_info().ok();
                let load = card.utilization_rates().ok();
                Some(DeviceFacts {
                    device: self.usable.contains(&device).then_some(device),
                    name: card.name().unwrap_or_else(|_| device.to_string()),
                    memory: memory.map(|memory| (memory.used, memory.total)),
                    load: load.map(|load| load.gpu as f32 / 100.0),
                    temperature: card.temperature(TemperatureSensor::Gpu).ok(),
                })
            })
            .collect()
    }

    fn processor(&mut self) -> DeviceFacts {
        let mut facts = DeviceFacts {
            device: Some(DeviceChoice::Cpu),
            name: String::new(),
            memory: None,
            load: None,
            temperature: None,
        };
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            system.refresh_memory();
            let brand = system
                .cpus()
                .first()
                .map(|cpu| cpu.brand().trim().to_owned());
            facts.name = brand.unwrap_or_default();
            facts.load = Some((system.global_cpu_usage() / 100.0).clamp(0.0, 1.0));
            let (used, total) = (system.used_memory(), system.total_memory());
            facts.memory = (total > 0).then_some((used, total));
        }
        facts
    }
}
