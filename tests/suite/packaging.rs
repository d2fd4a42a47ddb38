//! What a desktop reads about the program says the same everywhere: entry, file type, AppStream
//! record, icons and the declared libraries. `.ci/package.sh` builds and installs a real package.

use crate::golden::TestResult;
use image::RgbaImage;
use lgd_studio::job::{RUN_EXTENSION, RUN_MIME, is_run_file};
use resvg::{tiny_skia, usvg};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use usvg::roxmltree::{Document, Node};

/// Sides of the icons, in pixels.
const SIZES: [u32; 8] = [16, 24, 32, 48, 64, 128, 256, 512];
/// Up to this side the drawing with wider lines is used.
const SMALL: u32 = 32;
/// Sides within the Windows icon.
const IN_ICO: [u32; 6] = [16, 24, 32, 48, 64, 256];

/// Libraries that the program opens or links, by the name it uses, with their Debian package; none
/// where a package would be wrong.
const LIBRARIES: [(&str, Option<&str>); 19] = [
    ("libEGL.so.1", Some("libegl1")),
    ("libX11-xcb.so.1", Some("libx11-xcb1")),
    ("libX11.so.6", Some("libx11-6")),
    ("libXcursor.so.1", Some("libxcursor1")),
    ("libXi.so.6", Some("libxi6")),
    ("libc.so.6", Some("libc6")),
    ("libdbus-1.so.3", Some("libdbus-1-3")),
    ("libdl.so.2", Some("libc6")),
    ("libfontconfig.so.1", Some("libfontconfig1")),
    ("libgcc_s.so.1", Some("libgcc-s1")),
    ("libm.so.6", Some("libc6")),
    // Part of NVIDIA's driver; the program does without.
    ("libnvidia-ml.so.1", None),
    ("libpthread.so.0", Some("libc6")),
    ("libvulkan.so.1", Some("libvulkan1")),
    ("libwayland-client.so.0", Some("libwayland-client0")),
    ("libwayland-egl.so.1", Some("libwayland-egl1")),
    ("libxcb.so.1", Some("libxcb1")),
    ("libxkbcommon-x11.so.0", Some("libxkbcommon-x11-0")),
    ("libxkbcommon.so.0", Some("libxkbcommon0")),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(root().join(path))
}

/// `[package.metadata.packager]`.
fn packager() -> Result<toml::Table, Box<dyn std::error::Error>> {
    let cargo: toml::Table = text("Cargo.toml")?.parse()?;
    let table = cargo["package"]["metadata"]["packager"].as_table();
    Ok(table.ok_or("no table")?.clone())
}

fn strings(value: &toml::Value) -> Vec<&str> {
    let array = value.as_array().map(Vec::as_slice).unwrap_or_default();
    array.iter().filter_map(toml::Value::as_str).collect()
}

/// Keys of the main group of a desktop entry.
fn desktop_entry() -> std::io::Result<BTreeMap<String, String>> {
    let entry = text("assets/desktop/lgd-studio.desktop")?;
    let main = entry.split("\n[").next().unwrap_or_default().lines();
    Ok(main
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect())
}

fn within<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    let found = node.descendants().find(|node| node.has_tag_name(name))?;
    found.text().map(str::trim)
}

fn metainfo_path() -> Result<String, Box<dyn std::error::Error>> {
    let id = packager()?["identifier"].as_str().unwrap_or("").to_owned();
    Ok(format!("assets/desktop/{id}.metainfo.xml"))
}

#[test]
fn the_desktop_entry_starts_this_program_with_files() -> TestResult {
    let entry = desktop_entry()?;
    let binary = env!("CARGO_PKG_NAME");
    assert_eq!(entry["Type"], "Application");
    assert_eq!(entry["Exec"], format!("{binary} %F"));
    assert_eq!(entry["Icon"], binary);
    assert_eq!(entry["Terminal"], "false");
    // What the window calls itself; otherwise a dock shows a second, nameless icon.
    assert_eq!(entry["StartupWMClass"], lgd_studio::app::APP_ID);
    assert_eq!(binary, lgd_studio::app::APP_ID, "Wayland goes by the name");
    for key in ["Name", "GenericName", "Comment"] {
        assert!(!entry[key].is_empty(), "{key}");
        let chinese = entry.get(&format!("{key}[zh_CN]"));
        assert!(chinese.is_some_and(|words| !words.is_empty()), "{key}");
    }
    for key in ["Categories", "MimeType", "Keywords"] {
        assert!(entry[key].ends_with(';'), "{key} is a list");
    }
    Ok(())
}

#[test]
fn run_files_have_one_type_everywhere() -> TestResult {
    let entry = desktop_entry()?;
    let opened: Vec<&str> = entry["MimeType"].split_terminator(';').collect();
    assert_eq!(opened[0], RUN_MIME);

    let kinds = text("assets/desktop/lgd-studio.xml")?;
    let kinds = Document::parse(&kinds)?;
    let kind = kinds.descendants().find(|n| n.has_tag_name("mime-type"));
    let kind = kind.ok_or("no type")?;
    assert_eq!(kind.attribute("type"), Some(RUN_MIME));
    let glob = kind.descendants().find(|n| n.has_tag_name("glob"));
    let pattern = glob.and_then(|glob| glob.attribute("pattern"));
    assert_eq!(pattern, Some(format!("*.{RUN_EXTENSION}").as_str()));

    let record = text(&metainfo_path()?)?;
    let record = Document::parse(&record)?;
    assert_eq!(within(record.root(), "mediatype"), Some(RUN_MIME));

    let packager = packager()?;
    let kinds = packager["file-associations"].as_array().ok_or("none")?;
    assert_eq!(strings(&kinds[0]["extensions"]), [RUN_EXTENSION]);
    assert_eq!(kinds[0]["mime-type"].as_str(), Some(RUN_MIME));
    assert!(is_run_file(Path::new("a.lgdrun")) && is_run_file(Path::new("A.LGDRUN")));
    assert!(!is_run_file(Path::new("a.png")) && !is_run_file(Path::new("lgdrun")));
    Ok(())
}

#[test]
fn run_files_are_known_by_their_content() -> TestResult {
    let kinds = text("assets/desktop/lgd-studio.xml")?;
    let kinds = Document::parse(&kinds)?;
    let matches: Vec<(usize, Vec<u8>)> = kinds
        .descendants()
        .filter(|node| node.has_tag_name("match"))
        .filter_map(|node| {
            let value = node.attribute("value")?;
            // The one escape that is used.
            let value = value.replace("\\003", "\u{3}").replace("\\004", "\u{4}");
            Some((node.attribute("offset")?.parse().ok()?, value.into_bytes()))
        })
        .collect();
    assert_eq!(matches.len(), 2);
    let recorded = std::fs::read_dir(root().join("assets/conference"))?;
    let mut seen = 0;
    for file in recorded {
        let bytes = std::fs::read(file?.path())?;
        seen += 1;
        for (offset, value) in &matches {
            assert_eq!(&bytes[*offset..offset + value.len()], value, "at {offset}");
        }
    }
    assert!(seen > 0);
    Ok(())
}

#[test]
fn the_appstream_record_is_of_this_version() -> TestResult {
    let packager = packager()?;
    let record = text(&metainfo_path()?)?;
    let record = Document::parse(&record)?;
    let component = record.root_element();
    assert_eq!(component.attribute("type"), Some("desktop-application"));
    assert_eq!(within(component, "id"), packager["identifier"].as_str());
    assert_eq!(within(component, "project_license"), Some("Apache-2.0"));
    assert_eq!(env!("CARGO_PKG_LICENSE"), "Apache-2.0");
    let launched = within(component, "launchable");
    assert_eq!(launched, Some("lgd-studio.desktop"));
    assert_eq!(within(component, "binary"), Some(env!("CARGO_PKG_NAME")));
    let newest = component.descendants().find(|n| n.has_tag_name("release"));
    let newest = newest.and_then(|release| release.attribute("version"));
    assert_eq!(newest, Some(env!("CARGO_PKG_VERSION")));
    // Everything a person reads is there in both languages.
    for name in ["summary", "p", "li"] {
        let all: Vec<Node<'_, '_>> = component
            .descendants()
            .filter(|node| node.has_tag_name(name))
            .collect();
        let xml = "http://www.w3.org/XML/1998/namespace";
        let chinese = all.iter().filter(|n| n.has_attribute((xml, "lang")));
        assert_eq!(chinese.count() * 2, all.len(), "{name}");
    }
    Ok(())
}

#[test]
fn the_package_holds_what_it_names() -> TestResult {
    let packager = packager()?;
    assert_eq!(packager["product-name"].as_str(), Some("LGD Studio"));
    assert_eq!(
        packager["binaries"][0]["path"].as_str(),
        Some(env!("CARGO_PKG_NAME"))
    );
    let metainfo = metainfo_path()?;
    for format in ["deb", "appimage"] {
        let files = packager[format]["files"].as_table().ok_or("no files")?;
        for (from, to) in files {
            assert!(root().join(from).is_file(), "{format}: {from}");
            let to = to.as_str().unwrap_or_default();
            assert!(to.starts_with("/usr/share/"), "{format}: {to}");
        }
        for (from, folder) in [
            (metainfo.as_str(), "/usr/share/metainfo/"),
            ("assets/desktop/lgd-studio.xml", "/usr/share/mime/packages/"),
            (
                "assets/icon/icon.svg",
                "/usr/share/icons/hicolor/scalable/apps/",
            ),
        ] {
            let to = files.get(from).and_then(toml::Value::as_str);
            assert!(to.is_some_and(|to| to.starts_with(folder)), "{from}");
        }
    }
    let template = packager["deb"]["desktop-template"].as_str();
    assert_eq!(template, Some("assets/desktop/lgd-studio.desktop"));
    let formats = strings(&packager["formats"]);
    assert_eq!(formats, ["deb", "appimage", "dmg", "wix"]);

    let icons = strings(&packager["icons"]);
    let mut sides = Vec::new();
    for icon in &icons {
        if icon.ends_with(".png") {
            let picture = image::open(root().join(icon))?;
            assert_eq!(picture.width(), picture.height(), "{icon}");
            sides.push(picture.width());
        }
    }
    assert_eq!(sides, SIZES);
    assert!(icons.contains(&"assets/icon/icon.ico"), "for Windows");
    Ok(())
}

/// Where an icon is kept.
fn icon_file(side: u32) -> PathBuf {
    root().join(format!("assets/icon/hicolor/{side}.png"))
}

/// The drawing at a size, each pixel as straight RGBA.
fn drawn(side: u32) -> Result<RgbaImage, Box<dyn std::error::Error>> {
    let art = match side {
        ..=SMALL => "assets/icon/icon-small.svg",
        _ => "assets/icon/icon.svg",
    };
    let tree = usvg::Tree::from_str(&text(art)?, &usvg::Options::default())?;
    let mut canvas = tiny_skia::Pixmap::new(side, side).ok_or("no canvas")?;
    let scale = side as f32 / tree.size().width();
    resvg::render(
        &tree,
        tiny_skia::Transform::from_scale(scale, scale),
        &mut canvas.as_mut(),
    );
    let straight = canvas.pixels().iter().flat_map(|pixel| {
        let colour = pixel.demultiply();
        [colour.red(), colour.green(), colour.blue(), colour.alpha()]
    });
    Ok(RgbaImage::from_raw(side, side, straight.collect()).ok_or("wrong size")?)
}

/// A Windows icon: a folder of PNG files.
fn ico(pictures: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::from([0, 0, 1, 0]);
    file.extend((pictures.len() as u16).to_le_bytes());
    let mut offset = 6 + 16 * pictures.len() as u32;
    for (side, png) in pictures {
        let short = u8::try_from(*side).unwrap_or(0); // 0 stands for 256
        file.extend([short, short, 0, 0, 1, 0, 32, 0]);
        file.extend((png.len() as u32).to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset += png.len() as u32;
    }
    for (_, png) in pictures {
        file.extend(png);
    }
    file
}

/// `LGD_WRITE_ICONS=1 cargo test icons_are` draws them anew after a change of the art.
#[test]
fn icons_are_what_the_art_shows() -> TestResult {
    let write = std::env::var_os("LGD_WRITE_ICONS").is_some();
    for side in SIZES {
        let (expected, file) = (drawn(side)?, icon_file(side));
        if write {
            expected.save(&file)?;
        }
        let kept = image::open(&file)?.to_rgba8();
        assert_eq!(kept.dimensions(), (side, side));
        let apart = kept.as_raw().iter().zip(expected.as_raw());
        let apart: u64 = apart.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = apart as f64 / f64::from(side * side * 4);
        assert!(mean < 0.5, "{side}: {mean} of 255 apart");
    }
    let parts = IN_ICO.map(|side| std::fs::read(icon_file(side)).map(|png| (side, png)));
    let parts: Vec<(u32, Vec<u8>)> = parts.into_iter().collect::<Result<_, _>>()?;
    let file = root().join("assets/icon/icon.ico");
    if write {
        std::fs::write(&file, ico(&parts))?;
    }
    assert!(std::fs::read(&file)? == ico(&parts), "icon.ico is old");
    Ok(())
}

/// Library names such as `libX11.so.6` in a program, linked or opened later.
fn libraries_of(program: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || b"_+-".contains(byte);
    for (at, _) in program
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == b".so.")
    {
        let length = program[..at].iter().rev().take_while(|b| named(b)).count();
        let name = String::from_utf8_lossy(&program[at - length..at]).into_owned();
        let digit = program.get(at + 4).filter(|byte| byte.is_ascii_digit());
        if let (Some(start), Some(digit)) = (name.rfind("lib"), digit) {
            found.insert(format!("{}.so.{}", &name[start..], *digit as char));
        }
    }
    found
}

#[cfg(all(target_os = "linux", not(feature = "cuda")))]
#[test]
fn every_library_that_is_opened_is_declared() -> TestResult {
    let found = libraries_of(&std::fs::read(env!("CARGO_BIN_EXE_lgd-studio"))?);
    assert!(found.contains("libX11.so.6"), "nothing seen: {found:?}");
    let packager = packager()?;
    let declared: Vec<&str> = strings(&packager["deb"]["depends"])
        .into_iter()
        .filter_map(|line| line.split([' ', '|']).next())
        .collect();
    for library in &found {
        let (_, package) = LIBRARIES
            .iter()
            .find(|(name, _)| name == library)
            .ok_or_else(|| format!("{library} is opened: declare its package"))?;
        assert!(
            package.is_none_or(|package| declared.contains(&package)),
            "{library} is opened, {package:?} is not declared"
        );
    }
    // And nothing is asked for without need; a driver is opened by the Vulkan loader.
    for package in declared {
        let needed = LIBRARIES
            .iter()
            .any(|(name, from)| *from == Some(package) && found.contains(*name));
        assert!(needed || package == "mesa-vulkan-drivers", "{package}");
    }
    Ok(())
}

#[test]
fn libraries_are_found_where_names_run_together() {
    let program = b"XGetNamelibXi.so.6libXcursor.so.1\0libX11-xcb.so.1\0a.so.b libfoo.so";
    let found: Vec<String> = libraries_of(program).into_iter().collect();
    assert_eq!(found, ["libX11-xcb.so.1", "libXcursor.so.1", "libXi.so.6"]);
}
