//! Views painted by the graphics device: one pipeline for all, textures uploaded once per picture.
//!
//! Pictures are shown as they are: a byte of the file is a byte of an 8-bit target, as egui itself
//! does it. A target that encodes sRGB gets the inverse first.

use super::scene::Scene;
use eframe::{egui, egui_wgpu, wgpu};
use egui::{PaintCallbackInfo, Rect};
use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};
use image::RgbImage;
use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock, Weak};

/// Textures kept for pictures that still exist. Those of dropped pictures go at once.
const KEPT: usize = 8;

/// A picture on the device.
struct Uploaded {
    /// Weak, so that a dropped picture is noticed; while this exists its address is not reused.
    picture: Weak<RgbImage>,
    view: wgpu::TextureView,
}

/// What all views share. It lives in egui's callback resources.
pub struct LookResources {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    /// The newest use is last.
    uploaded: Vec<Uploaded>,
    uploads: usize,
}

impl LookResources {
    /// Makes the pipeline for a target like egui's own: one sample, no depth.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("look"),
            source: wgpu::ShaderSource::Wgsl(
                include_str!("../../../../assets/shaders/look.wgsl").into(),
            ),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("look"),
            entries: &[uniform_entry(), picture_entry(1), picture_entry(2)],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("look"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let entry_point = if target.is_srgb() {
            "fragment_srgb"
        } else {
            "fragment"
        };
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("look"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("vertex"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some(entry_point),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(target.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            pipeline,
            layout,
            uploaded: Vec::new(),
            uploads: 0,
        }
    }

    /// Pictures uploaded so far; a test checks that nothing is uploaded twice.
    pub fn uploads(&self) -> usize {
        self.uploads
    }

    /// Textures that are kept now.
    pub fn textures(&self) -> usize {
        self.uploaded.len()
    }

    /// The texture of a picture, uploaded now if the device does not have it.
    fn texture(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        picture: &Arc<RgbImage>,
    ) -> wgpu::TextureView {
        self.uploaded
            .retain(|uploaded| uploaded.picture.strong_count() > 0);
        let known = self
            .uploaded
            .iter()
            .position(|uploaded| uploaded.picture.as_ptr() == Arc::as_ptr(picture));
        let uploaded = match known {
            Some(place) => self.uploaded.remove(place),
            None => {
                self.uploads += 1;
                Uploaded {
                    picture: Arc::downgrade(picture),
                    view: upload(device, queue, picture),
                }
            }
        };
        let view = uploaded.view.clone();
        self.uploaded.push(uploaded);
        let surplus = self.uploaded.len().saturating_sub(KEPT);
        self.uploaded.drain(..surplus);
        view
    }
}

fn uniform_entry() -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding: 0,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: NonZeroU64::new(Scene::UNIFORM_BYTES),
        },
        count: None,
    }
}

fn picture_entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Uint,
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        count: None,
    }
}

/// Copies a picture to the device as whole numbers: the shader reads the very bytes.
fn upload(device: &wgpu::Device, queue: &wgpu::Queue, picture: &RgbImage) -> wgpu::TextureView {
    let (width, height) = picture.dimensions();
    let size = wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
    };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("look picture"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Uint,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let mut bytes = vec![255; 4 * width as usize * height as usize];
    for (target, pixel) in bytes.chunks_exact_mut(4).zip(picture.pixels()) {
        target[..3].copy_from_slice(&pixel.0);
    }
    let layout = wgpu::TexelCopyBufferLayout {
        offset: 0,
        bytes_per_row: Some(4 * width),
        rows_per_image: Some(height),
    };
    queue.write_texture(texture.as_image_copy(), &bytes, layout, size);
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

/// One view in one frame.
pub struct LookCallback {
    rect: Rect,
    scene: Scene,
    a: Arc<RgbImage>,
    b: Arc<RgbImage>,
    /// Uniform and textures of this frame. Made anew each time: it costs microseconds, and nothing
    /// is left behind by views that disappear.
    bound: OnceLock<wgpu::BindGroup>,
}

impl LookCallback {
    /// Shows a scene in a rectangle, in points.
    pub fn new(rect: Rect, scene: Scene, a: Arc<RgbImage>, b: Arc<RgbImage>) -> Self {
        Self {
            rect,
            scene,
            a,
            b,
            bound: OnceLock::new(),
        }
    }
}

impl CallbackTrait for LookCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(resources) = resources.get_mut::<LookResources>() else {
            return Vec::new();
        };
        let uniform = self
            .scene
            .uniform(corner_px(self.rect, screen.pixels_per_point));
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("look"),
            size: Scene::UNIFORM_BYTES,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&buffer, 0, &uniform);
        let a = resources.texture(device, queue, &self.a);
        let b = resources.texture(device, queue, &self.b);
        self.bound.get_or_init(|| {
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("look"),
                layout: &resources.layout,
                entries: &[
                    wgpu::BindGroupEntry {
                        binding: 0,
                        resource: buffer.as_entire_binding(),
                    },
                    wgpu::BindGroupEntry {
                        binding: 1,
                        resource: wgpu::BindingResource::TextureView(&a),
                    },
                    wgpu::BindGroupEntry {
                        binding: 2,
                        resource: wgpu::BindingResource::TextureView(&b),
                    },
                ],
            })
        });
        Vec::new()
    }

    fn paint(
        &self,
        _info: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(resources) = resources.get::<LookResources>()
            && let Some(bound) = self.bound.get()
        {
            pass.set_pipeline(&resources.pipeline);
            pass.set_bind_group(0, bound, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

/// The screen pixel of a rectangle's upper left corner. Rounded as egui rounds viewports, but not
/// cut off at the screen's edge.
pub(super) fn corner_px(rect: Rect, pixels_per_point: f32) -> [i32; 2] {
    [rect.min.x, rect.min.y].map(|points| (points * pixels_per_point).round() as i32)
}
