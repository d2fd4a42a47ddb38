// One view of the comparison of pictures A and B.
//
// All arithmetic is on whole numbers, so every graphics driver computes the very bytes that
// src/app/widgets/look/reference.rs computes. Keep the two alike. Colours are the bytes of the
// files (sRGB as it is stored); nothing here is linear light.

// How a column or row of the screen finds its place in a picture; see `Axis` in scene.rs.
struct Axis {
    base: i32,
    start: i32,
    step: i32,
    shift: u32,
    // Shares of a picture pixel are counted in 1 / 2^bits.
    bits: u32,
    // What one screen pixel covers, in such shares.
    width: i32,
    // 1 takes the picture pixel under the middle of the screen pixel.
    nearest: u32,
    size: i32,
}

struct Look {
    // The view's upper left corner, in pixels of the target.
    origin: vec2<i32>,
    formula: u32,
    amount: i32,
    a_x: Axis,
    a_y: Axis,
    b_x: Axis,
    b_y: Axis,
}

@group(0) @binding(0) var<uniform> look: Look;
@group(0) @binding(1) var picture_a: texture_2d<u32>;
@group(0) @binding(2) var picture_b: texture_2d<u32>;

const SHOW_A = 0u;
const SHOW_B = 1u;
const WIPE_COLUMNS = 2u;
const WIPE_ROWS = 3u;
const BLEND = 4u;
const ABSOLUTE = 5u;
const SIGNED = 6u;
const FALSE_COLOUR = 7u;
const RED_BLUE = 8u;

// Equal, brighter and darker.
const PAPER = vec3<i32>(244, 244, 244);
const RED = vec3<i32>(190, 30, 45);
const BLUE = vec3<i32>(35, 90, 190);

// The false colours, 32 steps apart.
const HEAT = array<vec3<i32>, 9>(
    vec3<i32>(0, 0, 0),
    vec3<i32>(22, 20, 84),
    vec3<i32>(70, 24, 132),
    vec3<i32>(128, 28, 136),
    vec3<i32>(184, 44, 112),
    vec3<i32>(226, 82, 72),
    vec3<i32>(246, 134, 40),
    vec3<i32>(252, 194, 70),
    vec3<i32>(255, 248, 214),
);

// One triangle that covers the whole viewport.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}

// Where screen pixel `k` begins to cover the picture, in shares of a picture pixel.
fn begin_of(axis: Axis, k: i32) -> i32 {
    let middle = (axis.start + k * axis.step) >> (axis.shift - axis.bits);
    var begin = middle - axis.width / 2;
    if axis.nearest == 1u {
        begin = (middle >> axis.bits) << axis.bits;
    }
    return begin + (axis.base << axis.bits);
}

// Whether the middle of screen pixel `k` is on the picture.
fn is_on(axis: Axis, k: i32) -> bool {
    let pixel = axis.base + ((axis.start + k * axis.step) >> axis.shift);
    return pixel >= 0 && pixel < axis.size;
}

fn pixel_of(second: bool, at: vec2<i32>) -> vec3<u32> {
    if second {
        return textureLoad(picture_b, at, 0).rgb;
    }
    return textureLoad(picture_a, at, 0).rgb;
}

// How much of picture pixel `pixel` lies between two places, in shares.
fn share_of(axis: Axis, pixel: i32, begin: i32, end: i32) -> u32 {
    let first = max(begin, pixel << axis.bits);
    let last = min(end, (pixel + 1) << axis.bits);
    return u32(last - first);
}

// The mean of what a screen pixel covers, every picture pixel by its share.
fn sample(second: bool, x: Axis, y: Axis, at: vec2<i32>) -> vec3<i32> {
    let left = begin_of(x, at.x);
    let right = left + x.width;
    let top = begin_of(y, at.y);
    let bottom = top + y.width;
    let last = vec2<i32>(x.size, y.size) - vec2<i32>(1, 1);
    var sum = vec3<u32>(0u, 0u, 0u);
    for (var row = top >> y.bits; row <= (bottom - 1) >> y.bits; row += 1) {
        var line = vec3<u32>(0u, 0u, 0u);
        for (var column = left >> x.bits; column <= (right - 1) >> x.bits; column += 1) {
            let place = clamp(vec2<i32>(column, row), vec2<i32>(0, 0), last);
            line += share_of(x, column, left, right) * pixel_of(second, place);
        }
        sum += share_of(y, row, top, bottom) * line;
    }
    let total = u32(x.width * y.width);
    return vec3<i32>((sum + total / 2u) / total);
}

fn sample_a(at: vec2<i32>) -> vec3<i32> {
    return sample(false, look.a_x, look.a_y, at);
}

fn sample_b(at: vec2<i32>) -> vec3<i32> {
    return sample(true, look.b_x, look.b_y, at);
}

fn red_blue(change: i32) -> vec3<i32> {
    let part = abs(change);
    let hue = select(BLUE, RED, change > 0);
    return (PAPER * (255 - part) + hue * part + vec3<i32>(127, 127, 127)) / 255;
}

fn false_colour(magnitude: i32) -> vec3<i32> {
    var heat = HEAT;
    let stop = magnitude >> 5u;
    let part = magnitude & 31;
    return (heat[stop] * (32 - part) + heat[stop + 1] * part + vec3<i32>(16, 16, 16)) >> vec3<u32>(5u, 5u, 5u);
}

// The colour of the view's pixel `at`, 0..255.
fn colour(at: vec2<i32>) -> vec3<i32> {
    let black = vec3<i32>(0, 0, 0);
    let white = vec3<i32>(255, 255, 255);
    switch look.formula {
        case SHOW_A: {
            return sample_a(at);
        }
        case SHOW_B: {
            return sample_b(at);
        }
        case WIPE_COLUMNS: {
            if at.x < look.amount {
                return sample_a(at);
            }
            return sample_b(at);
        }
        case WIPE_ROWS: {
            if at.y < look.amount {
                return sample_a(at);
            }
            return sample_b(at);
        }
        case BLEND: {
            let mixed = sample_a(at) * (256 - look.amount) + sample_b(at) * look.amount;
            return (mixed + vec3<i32>(128, 128, 128)) >> vec3<u32>(8u, 8u, 8u);
        }
        default: {
            let difference = (sample_b(at) - sample_a(at)) * look.amount;
            if look.formula == ABSOLUTE {
                return min(abs(difference), white);
            }
            if look.formula == SIGNED {
                return clamp(vec3<i32>(128, 128, 128) + difference / 2, black, white);
            }
            if look.formula == RED_BLUE {
                return red_blue(clamp((difference.r + difference.g + difference.b) / 3, -255, 255));
            }
            let size = abs(difference);
            return false_colour(min(max(size.r, max(size.g, size.b)), 255));
        }
    }
}

fn shown(position: vec4<f32>) -> vec3<f32> {
    let at = vec2<i32>(floor(position.xy)) - look.origin;
    if !(is_on(look.a_x, at.x) && is_on(look.a_y, at.y)) {
        discard;
    }
    return vec3<f32>(colour(at)) / 255.0;
}

// For targets that keep what is written.
@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    return vec4<f32>(shown(position), 1.0);
}

// For targets that encode as sRGB what is written: the inverse comes first.
@fragment
fn fragment_srgb(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let encoded = shown(position);
    let low = encoded / 12.92;
    let high = pow((encoded + 0.055) / 1.055, vec3<f32>(2.4, 2.4, 2.4));
    return vec4<f32>(select(high, low, encoded <= vec3<f32>(0.04045, 0.04045, 0.04045)), 1.0);
}
