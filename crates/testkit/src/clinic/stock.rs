//! Lots on the shelf: some expired, some nearly used up, one in use, one in reserve.

use super::catalogue::{PRODUCTS, Usage};
use super::history::Making;
use domain::id::{LotId, ProductId};
use domain::row::{Lot, Product, Row};
use domain::time::{Day, Timestamp};

/// The lot of a product that is in use.
#[derive(Clone, Debug)]
pub(super) struct Open {
    id: LotId,
    product: ProductId,
    code: String,
    expires: Day,
    used: i64,
}

impl Making<'_> {
    /// Takes the products into the catalogue and opens a lot of each.
    pub(super) fn stock_up(&mut self, since: Timestamp) {
        for (at, article) in PRODUCTS.iter().enumerate() {
            let product = ProductId(self.id(since));
            let row = Product {
                id: product,
                name: article.name.to_owned(),
                category: article.category.to_owned(),
                // Registrations of products that exist are nobody's to make up; the clinic has not recorded them.
                anvisa: None,
                unit: article.unit.to_owned(),
            };
            self.out.push(row.into());
            let expires = self.plan.today().plus(self.dice.between(45, 400));
            let code = self.lot_code(at);
            let id = LotId(self.id(since));
            self.open_lots.push(Open {
                id,
                product,
                code,
                expires,
                used: 0,
            });
        }
    }

    fn lot_code(&mut self, product: usize) -> String {
        let letter = char::from(b'A' + (product as u8 % 26));
        format!("{letter}{}", self.dice.between(10_000, 99_999))
    }

    /// Uses some of the open lot.
    pub(super) fn use_lot(&mut self, usage: Usage) -> (LotId, i64) {
        let quantity = i64::from(self.dice.between(usage.least, usage.most));
        let open = &mut self.open_lots[usage.product];
        open.used += quantity;
        (open.id, quantity)
    }

    /// The lots as they stand in the end.
    pub(super) fn count_stock(&mut self) {
        let today = self.plan.today();
        for (at, article) in PRODUCTS.iter().enumerate() {
            let open = self.open_lots[at].clone();
            // What is left of the open lot is at most one delivery, which makes its first size plausible.
            let deliveries = open.used / article.delivery + 1;
            let received = deliveries * article.delivery;
            let mut rows = vec![Lot {
                id: open.id,
                product: open.product,
                code: open.code,
                expires: open.expires,
                received,
                remaining: received - open.used,
            }];
            let few = i64::from(self.dice.between(1, 4));
            let others = [
                (
                    today.plus(-self.dice.between(10, 200)),
                    if at % 3 == 0 { few } else { 0 },
                ),
                (today.plus(self.dice.between(8, 40)), few),
                (today.plus(self.dice.between(300, 700)), article.delivery),
            ];
            for (expires, remaining) in others {
                rows.push(Lot {
                    id: LotId(self.id(self.plan.now)),
                    product: open.product,
                    code: self.lot_code(at),
                    expires,
                    received: article.delivery,
                    remaining,
                });
            }
            self.out.extend(rows.into_iter().map(Row::from));
        }
    }
}
