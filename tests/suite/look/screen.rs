//! A screen without a window that shows scenes and says which bytes it shows.

use crate::window::can_draw;
use eframe::{egui, egui_wgpu, wgpu};
use egui::{Color32, CornerRadius, Id, PaintCallbackInfo, Rect, pos2, vec2};
use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};
use egui_kittest::{Harness, HarnessBuilder};
use egui_wgpu::{
    CallbackResources, CallbackTrait as _, RenderState, RendererOptions, ScreenDescriptor,
};
use image::{Rgb, RgbImage, RgbaImage};
use lgd_studio::app::look::{
    LookCallback, LookPainter, LookResources, Room, Scene, Shade, Viewport, view_px,
};
use std::sync::Arc;

/// Around the views.
const BACKGROUND: [u8; 3] = [40, 50, 60];

/// What is to be on the screen.
#[derive(Clone)]
pub struct Case {
    pub rect: Rect,
    pub pixels_per_point: f32,
    pub viewport: Viewport,
    pub shade: Shade,
    pub a: Arc<RgbImage>,
    pub b: Arc<RgbImage>,
}

impl Case {
    pub fn room(&self) -> Room {
        Room {
            view: view_px(self.rect, self.pixels_per_point),
            picture: self.a.dimensions().into(),
        }
    }

    pub fn scene(&self) -> Scene {
        let room = self.room();
        let placement = self.viewport.place(room);
        Scene::new(room, placement, self.b.dimensions().into(), self.shade)
    }

    /// The pixel of the screen at which the view begins.
    pub fn corner(&self) -> [i32; 2] {
        let corner = self.rect.min * self.pixels_per_point;
        [corner.x.round() as i32, corner.y.round() as i32]
    }

    /// What the screen has to show, computed without a graphics device.
    pub fn expected(&self, width: u32, height: u32) -> RgbImage {
        let shown = lgd_studio::app::look::reference::compose(&self.scene(), &self.a, &self.b);
        let [left, top] = self.corner();
        RgbImage::from_fn(width, height, |x, y| {
            let inside = [x as i32 - left, y as i32 - top].map(u32::try_from);
            let pixel = match inside {
                [Ok(x), Ok(y)] => shown.get_pixel_checked(x, y),
                _ => None,
            };
            match pixel.map(|pixel| pixel.0) {
                Some([red, green, blue, 255]) => Rgb([red, green, blue]),
                _ => Rgb(BACKGROUND),
            }
        })
    }
}

/// Draws through egui, as the window does.
pub struct Screen {
    pub state: RenderState,
    harness: Harness<'static, Option<Case>>,
}

impl Screen {
    /// None, with a printed line, where nothing can draw.
    pub fn open() -> Option<Self> {
        Self::of_painter(|state| LookPainter::new(Some(state)))
    }

    /// The same with the painter that has no device.
    pub fn without_device() -> Option<Self> {
        Self::of_painter(|_state| LookPainter::new(None))
    }

    fn of_painter(painter: impl FnOnce(&RenderState) -> LookPainter) -> Option<Self> {
        if !can_draw() {
            return None;
        }
        let state = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
        let mut painter = painter(&state);
        let harness = HarnessBuilder::default()
            .with_size([220.0, 180.0])
            .with_render_cursor(false)
            .renderer(WgpuTestRenderer::from_render_state(state.clone()))
            .build_ui_state(
                move |ui, case: &mut Option<Case>| {
                    let [red, green, blue] = BACKGROUND;
                    let fill = Color32::from_rgb(red, green, blue);
                    ui.set_clip_rect(Rect::EVERYTHING);
                    ui.painter()
                        .rect_filled(Rect::EVERYTHING, CornerRadius::ZERO, fill);
                    if let Some(case) = case {
                        let pictures = [&case.a, &case.b];
                        let id = Id::unique("view");
                        painter.paint(ui, id, case.rect, case.scene(), pictures);
                    }
                },
                None,
            );
        Some(Self { state, harness })
    }

    pub fn show(&mut self, case: &Case) -> Result<RgbImage, String> {
        self.harness.set_pixels_per_point(case.pixels_per_point);
        *self.harness.state_mut() = Some(case.clone());
        self.harness.step();
        Ok(opaque(&self.harness.render()?))
    }

    /// Textures that were uploaded so far, and those that are kept.
    pub fn uploads(&self) -> [usize; 2] {
        let renderer = self.state.renderer.read();
        let resources = renderer.callback_resources.get::<LookResources>();
        resources.map_or([0, 0], |resources| {
            [resources.uploads(), resources.textures()]
        })
    }
}

fn opaque(image: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, _alpha] = image.get_pixel(x, y).0;
        Rgb([red, green, blue])
    })
}

/// Draws a scene into a target of another format, without egui. The case's rectangle has to begin
/// at 0, 0 and be 64 pixels wide, so that a row is what a copy aligns to.
pub fn show_in(state: &RenderState, format: wgpu::TextureFormat, case: &Case) -> Vec<u8> {
    let [width, height] = view_px(case.rect, 1.0);
    let size = wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
    };
    let target = state.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let mut resources = CallbackResources::default();
    resources.insert(LookResources::new(&state.device, format));
    let callback = LookCallback::new(case.rect, case.scene(), case.a.clone(), case.b.clone());
    let mut encoder = state
        .device
        .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let screen = ScreenDescriptor {
        size_in_pixels: [width, height],
        pixels_per_point: 1.0,
    };
    let (device, queue) = (&state.device, &state.queue);
    callback.prepare(device, queue, &screen, &mut encoder, &mut resources);
    let view = target.create_view(&wgpu::TextureViewDescriptor::default());
    {
        let mut pass = encoder
            .begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    resolve_target: None,
                    ops: wgpu::Operations::default(),
                    depth_slice: None,
                })],
                ..Default::default()
            })
            .forget_lifetime();
        let info = PaintCallbackInfo {
            viewport: case.rect,
            clip_rect: case.rect,
            pixels_per_point: 1.0,
            screen_size_px: [width, height],
        };
        callback.paint(info, &mut pass, &resources);
    }
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(4 * width * height),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let into = wgpu::TexelCopyBufferInfo {
        buffer: &buffer,
        layout: wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(4 * width),
            rows_per_image: None,
        },
    };
    encoder.copy_texture_to_buffer(target.as_image_copy(), into, size);
    queue.submit([encoder.finish()]);
    buffer.slice(..).map_async(wgpu::MapMode::Read, |mapped| {
        mapped.expect("the buffer is for reading");
    });
    device
        .poll(wgpu::PollType::wait_indefinitely())
        .expect("the device is there");
    let bytes = buffer.slice(..).get_mapped_range().expect("it is mapped");
    bytes.to_vec()
}

/// A rectangle by its corner and size, in points.
pub fn rect(left: f32, top: f32, width: f32, height: f32) -> Rect {
    Rect::from_min_size(pos2(left, top), vec2(width, height))
}
