//! What a rule is checked against: the attributes of the thing the caller wants to touch.

use std::borrow::Cow;

/// Attributes by the names rules use (`project_id`, `target.user.domain_id`).
#[derive(Clone, Debug, Default)]
pub struct Target<'a> {
    values: Vec<(Cow<'a, str>, TargetValue<'a>)>,
}

/// A value as Python writes it in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetValue<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
}

impl TargetValue<'_> {
    pub(super) fn as_text(&self) -> &str {
        match self {
            TargetValue::Text(text) => text,
            TargetValue::Bool(true) => "True",
            TargetValue::Bool(false) => "False",
            TargetValue::None => "None",
        }
    }
}

impl<'a> From<&'a str> for TargetValue<'a> {
    fn from(text: &'a str) -> Self {
        TargetValue::Text(text.into())
    }
}

impl<'a> From<&'a String> for TargetValue<'a> {
    fn from(text: &'a String) -> Self {
        TargetValue::Text(text.as_str().into())
    }
}

impl From<bool> for TargetValue<'_> {
    fn from(value: bool) -> Self {
        TargetValue::Bool(value)
    }
}

impl<'a, T: Into<TargetValue<'a>>> From<Option<T>> for TargetValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(TargetValue::None, Into::into)
    }
}

impl<'a> Target<'a> {
    /// A target without attributes.
    pub fn new() -> Self {
        Target::default()
    }

    /// What belongs to this project: `project_id`, and `tenant_id` as older rules call it.
    pub fn project(project_id: &'a str) -> Self {
        Target::new()
            .with("project_id", project_id)
            .with("tenant_id", project_id)
    }

    /// Adds an attribute.
    pub fn with(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<TargetValue<'a>>,
    ) -> Self {
        self.values.push((name.into(), value.into()));
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&TargetValue<'a>> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}
