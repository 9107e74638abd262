//! Units times prices, tier by tier, and who has what share of it.

use super::prices::Prices;
use super::{Group, Item, Meter, Money, Price, Quantities};

/// The lines of a bill and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charges {
    /// One line an item of which there is any.
    pub lines: Vec<Line>,
    /// What each tier of each meter costs; the lines share these amounts by units.
    pub tiers: Vec<TierLine>,
    /// The sum.
    pub total: Money,
}

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What.
    pub item: Item,
    /// How many units.
    pub units: u64,
    /// The price of a million; `None` where the meter reached more than one tier.
    pub price: Option<Price>,
    /// What they cost.
    pub amount: Money,
}

/// What one tier of a meter costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLine {
    /// The meter.
    pub meter: Meter,
    /// Units in this tier.
    pub units: u64,
    /// The price of a million.
    pub price: Price,
    /// What they cost.
    pub amount: Money,
}

impl Charges {
    /// What `quantities` of `period_s` seconds cost. A tier ends at its bound a month, times the
    /// months of the period: use is taken to be even.
    pub fn of(quantities: &Quantities, prices: &Prices, period_s: u64) -> Self {
        let mut charges = Self { lines: Vec::new(), tiers: Vec::new(), total: Money::ZERO };
        for meter in Meter::ALL {
            let tiers = tiers_of(meter, quantities.metered(meter), prices, period_s);
            charges.total = charges.total + tiers.iter().map(|tier| tier.amount).sum();
            let parts: Vec<(Item, u64)> = Item::ALL
                .into_iter()
                .filter(|item| item.meter() == meter && quantities.of(*item) > 0)
                .map(|item| (item, quantities.of(item)))
                .collect();
            let amount = tiers.iter().map(|tier| tier.amount).sum();
            let price = match tiers.as_slice() {
                [tier] => Some(tier.price),
                _ => None,
            };
            let shares = share_out(amount, parts.iter().map(|(_, units)| *units));
            for ((item, units), amount) in parts.into_iter().zip(shares) {
                charges.lines.push(Line { item, units, price, amount });
            }
            charges.tiers.extend(tiers);
        }
        charges
    }

    /// What of the amounts falls to each group, by its units of each item. Groups whose units add
    /// up to the total have amounts that add up to the total.
    pub(crate) fn share(&self, groups: &[(String, Quantities)]) -> Vec<Group> {
        let mut shared: Vec<Group> = groups
            .iter()
            .map(|(name, quantities)| Group {
                name: name.clone(),
                quantities: *quantities,
                amount: Money::ZERO,
            })
            .collect();
        for line in &self.lines {
            let units = groups.iter().map(|(_, quantities)| quantities.of(line.item));
            for (group, amount) in shared.iter_mut().zip(share_out(line.amount, units)) {
                group.amount = group.amount + amount;
            }
        }
        shared
    }
}

fn tiers_of(meter: Meter, units: u64, prices: &Prices, period_s: u64) -> Vec<TierLine> {
    let mut lines = Vec::new();
    let (mut left, mut below) = (units, 0);
    for tier in prices.tiers(meter) {
        let room = match tier.up_to {
            Some(bound) => prices.in_period(bound, period_s) - below,
            None => u64::MAX,
        };
        let taken = left.min(room);
        if taken > 0 {
            let amount = tier.price.times(taken);
            lines.push(TierLine { meter, units: taken, price: tier.price, amount });
        }
        left -= taken;
        below = below.saturating_add(room);
    }
    lines
}

/// Shares `amount` by units; what rounding leaves goes to the first ones, one smallest amount each.
fn share_out(amount: Money, units: impl Iterator<Item = u64> + Clone) -> Vec<Money> {
    let whole = units.clone().fold(0_u64, u64::saturating_add);
    let mut shares: Vec<Money> = units.clone().map(|part| amount.share(part, whole)).collect();
    let mut left = amount - shares.iter().copied().sum();
    for (share, _) in shares.iter_mut().zip(units).filter(|(_, part)| *part > 0) {
        if left <= Money::ZERO {
            break;
        }
        *share = *share + Money::SMALLEST;
        left = left - Money::SMALLEST;
    }
    shares
}
