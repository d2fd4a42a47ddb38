//! What a pickle builds.

use std::borrow::Cow;

/// The place of a value in the heap.
pub type Id = u32;

/// One value; containers hold the places of their elements.
#[derive(Debug)]
pub enum Value<'a> {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number of at most 64 bits.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes, or a whole number of more than 64 bits: nothing that weights need.
    Bytes,
    /// A tuple.
    Tuple(Box<[Id]>),
    /// A list or a set.
    List(Vec<Id>),
    /// A dict of any kind, in order. Keys may come twice in a file made by hand.
    Dict(Vec<(Id, Id)>),
    /// A class or function: its module and its name there, which is all there is of it.
    Class(Box<(Cow<'a, str>, Cow<'a, str>)>),
    /// Something stored outside the pickle.
    Persistent(Id),
    /// What a call would have returned.
    Object(Box<Object>),
}

/// A call that was noted down and not made.
#[derive(Debug)]
pub struct Object {
    /// What would have been called.
    pub class: Id,
    /// Its arguments, usually a tuple.
    pub arguments: Id,
    /// What was put into it by key afterwards.
    pub items: Vec<(Id, Id)>,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub struct Heap<'a> {
    pub(super) values: Vec<Value<'a>>,
}

impl<'a> Heap<'a> {
    /// The value at a place; places that a pickle cannot have made are `None`.
    pub fn get(&self, id: Id) -> &Value<'a> {
        self.values.get(id as usize).unwrap_or(&Value::None)
    }

    /// All values.
    pub fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    /// A text.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is a size or an index.
    pub fn size(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The elements of a tuple or list.
    pub fn elements(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(elements) => Some(elements),
            Value::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of a dict, or of an object that is filled like one.
    pub fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            Value::Object(object) if !object.items.is_empty() => Some(&object.items),
            _ => None,
        }
    }

    /// Module and name of a class or function.
    pub fn class(&self, id: Id) -> Option<(&str, &str)> {
        match self.get(id) {
            Value::Class(class) => Some((&class.0, &class.1)),
            _ => None,
        }
    }
}
