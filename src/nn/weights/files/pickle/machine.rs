//! The machine that reads a pickle without functions to call.

use super::super::{Flaw, zip::DISTRUST};
use super::value::{Heap, Id, Object, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Longest pickle that is read: the description of an 11 B model with its optimiser is 5 MB.
pub const MAX_BYTES: usize = 64 << 20;
/// Most values one pickle may build.
const MAX_VALUES: usize = 1_000_000;
/// Most references between values, and most places of the stack and of the memo.
const MAX_LINKS: usize = 4_000_000;
/// Longest name of a class or module.
const MAX_NAME_BYTES: usize = 1024;

/// Modules whose functions reach outside the program. A file that calls one was made to do harm.
const HARMFUL_MODULES: [&str; 16] = [
    "_posixsubprocess",
    "code",
    "commands",
    "ctypes",
    "importlib",
    "nt",
    "os",
    "pdb",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "webbrowser",
];
/// Built-in functions that do.
const HARMFUL_BUILTINS: [&str; 11] = [
    "__import__",
    "apply",
    "breakpoint",
    "compile",
    "eval",
    "exec",
    "execfile",
    "file",
    "input",
    "open",
    "raw_input",
];

/// Reads one pickle from the start of `data`: all its values, the place of the last one, and how many
/// bytes it took.
///
/// # Errors
/// When it is cut off or damaged, builds too much, or calls a function that reaches outside.
pub fn interpret(data: &[u8]) -> Result<(Heap<'_>, Id, usize), Flaw> {
    let mut machine = Machine {
        data: data.get(..MAX_BYTES).unwrap_or(data),
        at: 0,
        heap: Heap::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        links: 0,
    };
    loop {
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let root = machine.pop()?;
            return Ok((machine.heap, root, machine.at));
        }
        machine.step(opcode)?;
    }
}

struct Machine<'a> {
    data: &'a [u8],
    at: usize,
    heap: Heap<'a>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    links: usize,
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8) -> Result<(), Flaw> {
        match opcode {
            0x80 => self.protocol(),
            0x95 => self.frame(),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' | b'M' | b'J' | 0x8a | 0x8b | b'G' => self.number(opcode),
            b'X' | 0x8c | 0x8d | b'T' | b'U' => self.text(opcode),
            b'B' | b'C' | 0x8e | 0x96 => self.bytes(opcode),
            b')' => self.push(Value::Tuple(Box::default())),
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84)),
            b't' => self.marked_tuple(),
            b']' | 0x8f => self.push(Value::List(Vec::new())),
            b'l' | 0x91 => {
                let elements = self.pop_to_mark()?;
                self.push(Value::List(elements))
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b'd' => {
                let elements = self.pop_to_mark()?;
                self.push(Value::Dict(pairs(&elements)?))
            }
            b'a' => {
                let element = self.pop()?;
                self.extend(&[element])
            }
            b'e' | 0x90 => {
                let elements = self.pop_to_mark()?;
                self.extend(&elements)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![(key, value)])
            }
            b'u' => {
                let elements = self.pop_to_mark()?;
                self.insert(pairs(&elements)?)
            }
            b'q' | b'r' | 0x94 => self.memoise(opcode),
            b'h' | b'j' => self.recall(opcode),
            b'(' => {
                self.link(1)?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.discard(),
            b'1' => self.pop_to_mark().map(drop),
            b'2' => {
                let top = self.top()?;
                self.push_id(top)
            }
            b'c' | 0x93 => self.class(opcode),
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id))
            }
            b'R' | 0x81 | 0x92 | b'o' => self.call(opcode),
            b'b' => self.pop().and_then(|_| self.top()).map(drop), // a state: no weights in it
            0x97 | 0x98 | 0x82..=0x84 => Err(Flaw::refused(
                "it refers to objects outside the file",
                AGAIN,
            )),
            b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'g' | b'p' | b'i' => Err(Flaw::refused(
                "it is a pickle of a kind that PyTorch never wrote for weights",
                AGAIN,
            )),
            other => Err(format!("its description has an unknown code {other:#04x}").into()),
        }
    }

    // Reading

    fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let end = self.at.checked_add(length);
        let bytes = end.and_then(|end| self.data.get(self.at..end));
        let bytes = bytes.ok_or("its description is cut off")?;
        self.at += length;
        Ok(bytes)
    }

    fn fixed<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], Flaw> {
        let mut fixed = [0; SIZE];
        fixed.copy_from_slice(self.take(SIZE)?);
        Ok(fixed)
    }

    fn byte(&mut self) -> Result<u8, Flaw> {
        Ok(u8::from_le_bytes(self.fixed()?))
    }

    /// A length of one, four or eight bytes, checked by whoever takes that many.
    fn length(&mut self, bytes: usize) -> Result<usize, Flaw> {
        Ok(match bytes {
            1 => self.byte()?.into(),
            4 => u32::from_le_bytes(self.fixed()?) as usize,
            _ => usize::try_from(u64::from_le_bytes(self.fixed()?)).unwrap_or(usize::MAX),
        })
    }

    /// Bytes up to the next line feed.
    fn line(&mut self) -> Result<Cow<'a, str>, Flaw> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let rest = rest.get(..MAX_NAME_BYTES).unwrap_or(rest);
        let length = rest.iter().position(|&b| b == b'\n');
        let line = self.take(length.ok_or("its description is cut off")?)?;
        self.at += 1;
        Ok(String::from_utf8_lossy(line))
    }

    fn protocol(&mut self) -> Result<(), Flaw> {
        match self.byte()? {
            0..=5 => Ok(()),
            newer => Err(Flaw::refused(
                format!("it is a pickle of protocol {newer}, and 5 is the newest that is known"),
                AGAIN,
            )),
        }
    }

    fn frame(&mut self) -> Result<(), Flaw> {
        let length = self.length(8)?;
        if length > self.data.len() - self.at {
            return Err("its description is cut off".into());
        }
        Ok(())
    }

    fn number(&mut self, opcode: u8) -> Result<(), Flaw> {
        let value = match opcode {
            b'K' => Value::Int(self.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.fixed()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(self.fixed()?).into()),
            b'G' => Value::Float(f64::from_be_bytes(self.fixed()?)),
            _ => {
                let length = self.length(if opcode == 0x8a { 1 } else { 4 })?;
                long(self.take(length)?)
            }
        };
        self.push(value)
    }

    fn text(&mut self, opcode: u8) -> Result<(), Flaw> {
        let length = match opcode {
            0x8c | b'U' => self.length(1)?,
            0x8d => self.length(8)?,
            _ => self.length(4)?,
        };
        let text = String::from_utf8_lossy(self.take(length)?);
        self.push(Value::Text(text))
    }

    fn bytes(&mut self, opcode: u8) -> Result<(), Flaw> {
        let length = match opcode {
            b'C' => self.length(1)?,
            b'B' => self.length(4)?,
            _ => self.length(8)?,
        };
        self.take(length)?;
        self.push(Value::Bytes)
    }

    // Building

    fn link(&mut self, count: usize) -> Result<(), Flaw> {
        self.links += count;
        if self.links > MAX_LINKS {
            return Err(Flaw::refused(
                "its description builds far too much",
                DISTRUST,
            ));
        }
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Flaw> {
        let id = self.heap.values.len();
        if id >= MAX_VALUES {
            return Err(Flaw::refused(
                "its description builds far too much",
                DISTRUST,
            ));
        }
        self.heap.values.push(value);
        self.push_id(id as Id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), Flaw> {
        self.link(1)?;
        self.stack.push(id);
        Ok(())
    }

    /// The lowest place of the stack that may be taken: above the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, Flaw> {
        if self.stack.len() <= self.floor() {
            return Err(EMPTY.into());
        }
        self.stack.pop().ok_or_else(|| EMPTY.into())
    }

    fn top(&self) -> Result<Id, Flaw> {
        let above = self.stack.get(self.floor()..).unwrap_or_default();
        above.last().copied().ok_or_else(|| EMPTY.into())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Flaw> {
        let mark = self.marks.pop().ok_or(EMPTY)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    /// Python's POP also takes a mark that is on top.
    fn discard(&mut self) -> Result<(), Flaw> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    fn tuple(&mut self, length: usize) -> Result<(), Flaw> {
        let mut elements = vec![0; length];
        for element in elements.iter_mut().rev() {
            *element = self.pop()?;
        }
        self.push(Value::Tuple(elements.into()))
    }

    fn marked_tuple(&mut self) -> Result<(), Flaw> {
        let elements = self.pop_to_mark()?;
        self.push(Value::Tuple(elements.into()))
    }

    /// Adds to the list on top; a list subclass is an object, whose elements nobody needs.
    fn extend(&mut self, elements: &[Id]) -> Result<(), Flaw> {
        self.link(elements.len())?;
        let top = self.top()?;
        match self.heap.values.get_mut(top as usize) {
            Some(Value::List(list)) => list.extend_from_slice(elements),
            Some(Value::Object(_)) => {}
            _ => return Err("its description adds to something that is no list".into()),
        }
        Ok(())
    }

    /// Puts into the dict on top.
    fn insert(&mut self, pairs: Vec<(Id, Id)>) -> Result<(), Flaw> {
        self.link(2 * pairs.len())?;
        let top = self.top()?;
        match self.heap.values.get_mut(top as usize) {
            Some(Value::Dict(entries)) => entries.extend(pairs),
            Some(Value::Object(object)) => object.items.extend(pairs),
            _ => return Err("its description puts into something that is no dict".into()),
        }
        Ok(())
    }

    fn memoise(&mut self, opcode: u8) -> Result<(), Flaw> {
        let key = match opcode {
            b'q' => self.byte()?.into(),
            b'r' => u32::from_le_bytes(self.fixed()?),
            _ => self.memo.len() as u32,
        };
        self.link(1)?;
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), Flaw> {
        let key = match opcode {
            b'h' => self.byte()?.into(),
            _ => u32::from_le_bytes(self.fixed()?),
        };
        let id = self.memo.get(&key).copied();
        self.push_id(id.ok_or("its description refers to something it never made")?)
    }

    fn class(&mut self, opcode: u8) -> Result<(), Flaw> {
        let (module, name) = if opcode == b'c' {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (self.heap.get(module), self.heap.get(name)) {
                (Value::Text(module), Value::Text(name))
                    if module.len().max(name.len()) <= MAX_NAME_BYTES =>
                {
                    (module.clone(), name.clone())
                }
                _ => return Err("its description names a class without a name".into()),
            }
        };
        self.push(Value::Class(Box::new((module, name))))
    }

    /// A call: noted down, or a plain dict where one is made.
    fn call(&mut self, opcode: u8) -> Result<(), Flaw> {
        if opcode == 0x92 {
            self.pop()?; // keyword arguments
        }
        let (class, arguments) = if opcode == b'o' {
            let elements = self.pop_to_mark()?;
            let (&class, arguments) = elements.split_first().ok_or(EMPTY)?;
            self.push(Value::Tuple(arguments.into()))?;
            (class, self.pop()?)
        } else {
            let arguments = self.pop()?;
            (self.pop()?, arguments)
        };
        if let Some((module, name)) = self.heap.class(class) {
            if is_harmful(module, name) {
                return Err(Flaw::refused(
                    format!("it tries to run a command ({module}.{name}); nothing was run"),
                    DISTRUST,
                ));
            }
            if makes_dict(module, name) {
                let entries = self.initial_entries(arguments);
                self.link(2 * entries.len())?;
                return self.push(Value::Dict(entries));
            }
        }
        self.push(Value::Object(Box::new(Object {
            class,
            arguments,
            items: Vec::new(),
        })))
    }

    /// The pairs that old pickles give an `OrderedDict` as its only argument.
    fn initial_entries(&self, arguments: Id) -> Vec<(Id, Id)> {
        let Some([only]) = self.heap.elements(arguments) else {
            return Vec::new();
        };
        let pairs = self.heap.elements(*only).unwrap_or_default();
        let pair = |id: &Id| match self.heap.elements(*id) {
            Some([key, value]) => Some((*key, *value)),
            _ => None,
        };
        pairs.iter().filter_map(pair).collect()
    }
}

const EMPTY: &str = "its description takes more than it made";
/// What to do with a pickle that may be fine but is not understood.
const AGAIN: &str = "Save the weights again with a current PyTorch, best as safetensors.";

fn pairs(elements: &[Id]) -> Result<Vec<(Id, Id)>, Flaw> {
    let (pairs, rest) = elements.as_chunks();
    if !rest.is_empty() {
        return Err("its description has a key without a value".into());
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}

/// A little-endian number in two's complement, of any length.
fn long(bytes: &[u8]) -> Value<'static> {
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    match wide.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(wide))
        }
        None => Value::Bytes,
    }
}

fn makes_dict(module: &str, name: &str) -> bool {
    matches!(
        (module, name),
        ("collections", "OrderedDict" | "defaultdict") | ("builtins" | "__builtin__", "dict")
    )
}

fn is_harmful(module: &str, name: &str) -> bool {
    let first = module.split('.').next().unwrap_or_default();
    match first {
        "builtins" | "__builtin__" => HARMFUL_BUILTINS.contains(&name),
        "io" | "_io" => matches!(name, "open" | "FileIO" | "open_code"),
        _ => HARMFUL_MODULES.contains(&first),
    }
}
