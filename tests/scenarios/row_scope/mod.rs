//! Row scope against brute force: a company made at random, and for each of its people every way of reading customers
//! compared with what a plain reading of the rules gives.

mod company;
mod readings;

use std::collections::BTreeSet;

use anyhow::Result;
use changke::testkit::TestApp;
use company::Company;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// What a permission's scope covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Own,
    Group,
    GroupAndBelow,
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Customer {
    id: String,
    level: &'static str,
    /// Part of its name, to search by.
    word: &'static str,
    active: bool,
    owner: Option<usize>,
    group: Option<usize>,
}

impl Company {
    /// The oracle: does the scope of this person cover the customer, for reading?
    fn covers(&self, person: usize, scope: Scope, customer: &Customer) -> bool {
        let home = self.people[person].group;
        let in_scope = match scope {
            Scope::All => true,
            Scope::Own => false,
            Scope::Group => home.is_some() && customer.group == home,
            Scope::GroupAndBelow => match (home, customer.group) {
                (Some(home), Some(group)) => self.ancestry(group).contains(&home),
                _ => false,
            },
        };
        let chosen = customer.group.is_some_and(|group| {
            let above = self.ancestry(group);
            self.people[person].chosen.iter().any(|chosen| above.contains(chosen))
        });
        let lent = self.shares.iter().any(|share| {
            share.customer == customer.id
                && !share.expired
                && (share.person == Some(person) || (share.group.is_some() && share.group == home))
        });
        in_scope || chosen || lent || customer.owner == Some(person)
    }

    fn active(&self) -> impl Iterator<Item = usize> {
        (0..self.people.len()).filter(|person| self.people[*person].active)
    }

    fn visible(&self, person: usize, scope: Scope, wanted: impl Fn(&Customer) -> bool) -> BTreeSet<String> {
        let wanted = self.customers.iter().filter(|customer| wanted(customer));
        wanted.filter(|customer| self.covers(person, scope, customer)).map(|customer| customer.id.clone()).collect()
    }

    /// The group and all those above it.
    fn ancestry(&self, group: usize) -> Vec<usize> {
        let mut line = vec![group];
        while let Some(parent) = self.groups[line[line.len() - 1]].parent {
            line.push(parent);
        }
        line
    }
}

async fn told_alike(seed: u64, groups: usize) -> Result<()> {
    let app = TestApp::start().await?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut company = Company::found(&app, &mut random, groups).await?;
    readings::agree(&app, &company).await?;
    // The rules must cut: a company whose people all see the same would prove nothing.
    let views: BTreeSet<BTreeSet<String>> = (0..company.people.len())
        .map(|person| company.visible(person, company.people[person].read, |_| true))
        .collect();
    assert!(views.len() >= company.people.len() / 2, "only {} different views", views.len());

    company.reorganise(&app, &mut random).await?;
    readings::agree(&app, &company).await?;
    app.stop().await
}

#[tokio::test]
async fn every_reading_agrees_with_brute_force() -> Result<()> {
    told_alike(20_260_101, 7).await
}

#[tokio::test]
async fn every_reading_agrees_with_brute_force_among_500_groups() -> Result<()> {
    told_alike(3, 500).await
}

#[tokio::test]
async fn every_reading_agrees_with_brute_force_in_another_company() -> Result<()> {
    told_alike(7, 7).await
}
