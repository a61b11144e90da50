//! The families that a page has so far.

use std::collections::HashMap;

use crate::cursor::{Cursor, Result};
use crate::model::{Exposition, Family, Kind};

/// The keywords of the lines of metadata, of which a family has one each at most.
pub(crate) const KEYWORDS: [&str; 3] = ["HELP", "TYPE", "UNIT"];

/// The families that a page has so far.
#[derive(Debug, Default)]
pub(crate) struct Families {
    pub(crate) page: Exposition,
    index: HashMap<String, usize>,
    /// Which lines of metadata each family has, by the place of their keyword.
    described: Vec<[bool; KEYWORDS.len()]>,
    /// Whether the lines of a family may stand apart.
    pub(crate) ungrouped: bool,
}

impl Families {
    /// The family of this name, which metadata or a sample at this place is about.
    pub(crate) fn open(&mut self, name: &str, place: &Cursor<'_>) -> Result<&mut Family> {
        let index = self.find(name, place)?;
        Ok(&mut self.page.families[index])
    }

    /// The family of this name, which a line of metadata is about. No other line of it has this keyword.
    pub(crate) fn describe(
        &mut self,
        keyword: &str,
        name: &str,
        place: &Cursor<'_>,
    ) -> Result<&mut Family> {
        let index = self.find(name, place)?;
        let at = KEYWORDS.iter().position(|other| *other == keyword);
        if let Some(there) = at.map(|at| &mut self.described[index][at]) {
            if *there {
                return place.error(format!("`{name}` has a {keyword} line already"));
            }
            *there = true;
        }
        Ok(&mut self.page.families[index])
    }

    /// The kind of the family of this name, if there is one.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.index.get(name).map(|&index| self.page.families[index].kind)
    }

    fn find(&mut self, name: &str, place: &Cursor<'_>) -> Result<usize> {
        let last = self.page.families.len().saturating_sub(1);
        match self.index.get(name) {
            Some(&index) if index == last || self.ungrouped => Ok(index),
            Some(&index) => {
                let family = &self.page.families[index];
                let end = family.samples.last().map_or(family.line, |sample| sample.line);
                place.error(format!(
                    "the lines of `{name}` must stand together; others end in line {end}"
                ))
            }
            None => Ok(self.begin(name, place.number)),
        }
    }

    fn begin(&mut self, name: &str, line: usize) -> usize {
        let index = self.page.families.len();
        self.index.insert(name.to_owned(), index);
        self.described.push([false; KEYWORDS.len()]);
        self.page.families.push(Family {
            name: name.to_owned(),
            kind: Kind::Unknown,
            help: None,
            unit: None,
            samples: Vec::new(),
            line,
        });
        index
    }
}
