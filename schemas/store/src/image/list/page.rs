//! Order and place in a list. Pages continue after the marker's sort values, so they stay right when
//! images come and go between two pages.

use super::{Condition, Db};
use crate::image::images::{self as rows, Image};
use crate::image::schema::images;
use crate::{Conn, Result, Scope};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use schemas::Error;

/// What a list may be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// A text.
    Text(TextColumn),
    /// A number or a time.
    Number(NumberColumn),
}

macro_rules! columns {
    ($(#[doc = $about:literal])+ $name:ident: $kind:ty, $value:ty { $($variant:ident = $column:ident),+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub(super) fn expression(
                self,
            ) -> Box<dyn BoxableExpression<images::table, Db, SqlType = $kind>> {
                match self { $($name::$variant => Box::new(images::$column)),+ }
            }

            fn of(self, image: &Image) -> $value {
                match self { $($name::$variant => image.$column.clone()),+ }
            }
        }
    };
}

columns! {
    /// Columns of text.
    TextColumn: Text, String {
        Id = id, Name = name, Status = status, ContainerFormat = container_format,
        DiskFormat = disk_format, Owner = project_id, Visibility = visibility
    }
}

columns! {
    /// Columns of numbers.
    NumberColumn: BigInt, i64 {
        Size = size, CreatedAt = created_at, UpdatedAt = updated_at, MinDisk = min_disk,
        MinRam = min_ram
    }
}

impl SortKey {
    /// The names in the API.
    pub const NAMES: [&'static str; 12] = [
        "id",
        "name",
        "status",
        "container_format",
        "disk_format",
        "owner",
        "visibility",
        "size",
        "created_at",
        "updated_at",
        "min_disk",
        "min_ram",
    ];

    /// The key of this name.
    pub fn parse(name: &str) -> Option<SortKey> {
        use {NumberColumn as N, TextColumn as T};
        Some(match name {
            "id" => SortKey::Text(T::Id),
            "name" => SortKey::Text(T::Name),
            "status" => SortKey::Text(T::Status),
            "container_format" => SortKey::Text(T::ContainerFormat),
            "disk_format" => SortKey::Text(T::DiskFormat),
            "owner" => SortKey::Text(T::Owner),
            "visibility" => SortKey::Text(T::Visibility),
            "size" => SortKey::Number(N::Size),
            "created_at" => SortKey::Number(N::CreatedAt),
            "updated_at" => SortKey::Number(N::UpdatedAt),
            "min_disk" => SortKey::Number(N::MinDisk),
            "min_ram" => SortKey::Number(N::MinRam),
            _ => return None,
        })
    }

    /// Equal to the marker's value.
    fn same(self, marker: &Image) -> Condition {
        match self {
            SortKey::Text(column) => Box::new(column.expression().eq(column.of(marker))),
            SortKey::Number(column) => Box::new(column.expression().eq(column.of(marker))),
        }
    }

    /// Later in the list than the marker's value.
    fn beyond(self, ascending: bool, marker: &Image) -> Condition {
        match (self, ascending) {
            (SortKey::Text(column), true) => Box::new(column.expression().gt(column.of(marker))),
            (SortKey::Text(column), false) => Box::new(column.expression().lt(column.of(marker))),
            (SortKey::Number(column), true) => Box::new(column.expression().gt(column.of(marker))),
            (SortKey::Number(column), false) => Box::new(column.expression().lt(column.of(marker))),
        }
    }
}

/// Which part of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Most images.
    pub limit: i64,
    /// The last image of the page before.
    pub marker: Option<String>,
    /// Most important first; newest first when empty.
    pub sort: Vec<(SortKey, bool)>,
}

impl Page {
    /// The whole order: what was asked, then what makes it total.
    pub(super) fn order(&self) -> Vec<(SortKey, bool)> {
        let mut order = self.sort.clone();
        let newest = SortKey::Number(NumberColumn::CreatedAt);
        if !order.iter().any(|(key, _)| *key == newest) {
            order.push((newest, false));
        }
        let id = SortKey::Text(TextColumn::Id);
        if !order.iter().any(|(key, _)| *key == id) {
            let ascending = order.last().is_some_and(|(_, ascending)| *ascending);
            order.push((id, ascending));
        }
        order
    }

    pub(super) fn after_marker(&self, conn: &mut Conn, scope: &Scope) -> Result<Option<Condition>> {
        let Some(id) = &self.marker else {
            return Ok(None);
        };
        let Some(marker) = rows::get(conn, scope, id)? else {
            return Err(Error::BadRequest(format!(
                "The marker {id} is no image; begin again without a marker."
            ))
            .into());
        };
        let order = self.order();
        // a later, or a equal and b later, or …: built from the end.
        let mut after: Option<Condition> = None;
        for (key, ascending) in order.into_iter().rev() {
            let beyond = key.beyond(ascending, &marker);
            after = Some(match after {
                None => beyond,
                Some(rest) => Box::new(beyond.or(key.same(&marker).and(rest))),
            });
        }
        Ok(after)
    }
}
