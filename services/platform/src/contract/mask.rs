//! Rewrites an answer's wire bytes so that personal data look as the caller may see them. What they look like stands in
//! `masking`; who may see what is decided by the access layer.

use bytes::Bytes;
use contracts::options::{PersonalData, Visibility};

use super::{
    Contract,
    masking::mask_text,
    table::{Message, MessageId},
    wire::{Malformed, Reader, Value, close, open, put_bytes, put_tag},
};

/// How a caller sees each kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look([Visibility; 6]);

impl Look {
    pub fn new(visibility: &dyn Fn(PersonalData) -> Visibility) -> Look {
        let mut look = [Visibility::Clear; 6];
        for (number, seen) in look.iter_mut().enumerate().skip(1) {
            // A kind beyond the enum would be a newer one, and nobody has said that it may be seen.
            *seen = PersonalData::try_from(number as i32).map_or(Visibility::Hidden, visibility);
        }
        Look(look)
    }

    pub fn all_clear(&self) -> bool {
        self.0.iter().all(|seen| *seen == Visibility::Clear)
    }

    fn of(&self, kind: PersonalData) -> Visibility {
        self.0.get(kind as usize).copied().unwrap_or(Visibility::Hidden)
    }
}

impl Contract {
    /// Masks an answer. Untouched, and not copied, when its type holds no personal data or the caller sees all in clear.
    /// Bytes that are no such message, which no service of ours sends, come out empty rather than unmasked.
    pub fn mask(&self, id: MessageId, wire: Bytes, visibility: &dyn Fn(PersonalData) -> Visibility) -> Bytes {
        if !self.message(id).holds_personal_data {
            return wire;
        }
        self.mask_for(id, wire, Look::new(visibility))
    }

    /// The same for many answers to one caller.
    pub fn mask_for(&self, id: MessageId, wire: Bytes, look: Look) -> Bytes {
        let message = self.message(id);
        if !message.holds_personal_data || look.all_clear() {
            return wire;
        }
        let mut out = Vec::with_capacity(wire.len());
        match self.rewrite(message, &wire, look, &mut out) {
            Ok(()) => Bytes::from(out),
            Err(Malformed) => Bytes::new(),
        }
    }

    /// The kinds of personal data that a message holds, in no particular order and perhaps more than once. Bytes that are
    /// no such message hold what they hold up to the fault.
    pub fn kinds_in(&self, id: MessageId, wire: &[u8]) -> Vec<PersonalData> {
        let mut kinds = Vec::new();
        self.collect_kinds(self.message(id), wire, &mut kinds);
        kinds
    }

    fn collect_kinds(&self, message: &Message, wire: &[u8], kinds: &mut Vec<PersonalData>) {
        let mut reader = Reader::new(wire);
        while let Some(Ok((number, value))) = reader.field() {
            let Some(field) = message.field_index(number).map(|index| &message.fields[index]) else { continue };
            let Value::Bytes(bytes) = value else { continue };
            match field.message().map(|id| self.message(id)) {
                Some(below) if below.holds_personal_data => self.collect_kinds(below, bytes, kinds),
                _ if field.personal_data != PersonalData::Unspecified && !bytes.is_empty() => {
                    kinds.push(field.personal_data);
                }
                _ => {}
            }
        }
    }

    fn rewrite(&self, message: &Message, wire: &[u8], look: Look, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut reader = Reader::new(wire);
        // Fields that stay are copied in runs.
        let mut copied = 0;
        loop {
            let start = reader.position();
            let Some(next) = reader.field() else { break };
            let (number, value) = next?;
            let Some(field) = message.field_index(number).map(|index| &message.fields[index]) else { continue };
            let below = field.message().map(|id| self.message(id)).filter(|message| message.holds_personal_data);
            if below.is_none() && field.personal_data == PersonalData::Unspecified {
                continue;
            }
            let Value::Bytes(bytes) = value else { return Err(Malformed) };
            let visibility = look.of(field.personal_data);
            if below.is_none() && (visibility == Visibility::Clear || bytes.is_empty()) {
                continue;
            }
            out.extend_from_slice(&wire[copied..start]);
            copied = reader.position();
            match (below, visibility) {
                (Some(message), _) => {
                    put_tag(out, number, 2);
                    let start = open(out);
                    self.rewrite(message, bytes, look, out)?;
                    close(out, start);
                }
                (None, Visibility::Hidden) => {}
                // What nobody has decided is masked.
                (None, _) => put_bytes(out, number, mask_text(field.personal_data, value.text()?).as_bytes()),
            }
        }
        out.extend_from_slice(&wire[copied..]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contracts::customers::{Address, Customer, ListCustomersResponse, TimelineEntry};
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn a_customer() -> Customer {
        Customer {
            id: "0190c2a0-0000-7000-8000-000000000001".into(),
            name: "张三".into(),
            phone: "13812345678".into(),
            email: "zhangsan@example.com".into(),
            id_number: "11010519491231002X".into(),
            bank_account: "6222020200112233445".into(),
            addresses: vec![
                Address {
                    label: "home".into(), street: "西湖区文三路一百号三单元".into(), ..Address::default()
                },
                Address::default(),
            ],
            remark: "x".repeat(300),
            ..Customer::default()
        }
    }

    fn id(name: &str) -> MessageId {
        Contract::get().message_named(name).unwrap()
    }

    fn seen(customers: &[Customer], visibility: Visibility) -> Vec<Customer> {
        let page = ListCustomersResponse { customers: customers.to_vec(), total_count: 7, ..Default::default() };
        let name = "changke.customers.v1.ListCustomersResponse";
        let masked = Contract::get().mask(id(name), page.encode_to_vec().into(), &|_| visibility);
        let page = ListCustomersResponse::decode(masked).unwrap();
        assert_eq!(page.total_count, 7);
        page.customers
    }

    #[test]
    fn masked_values_stand_in_nested_messages_and_all_else_stays() {
        let mut expected = a_customer();
        expected.phone = "138****5678".into();
        expected.email = "z***@example.com".into();
        expected.id_number = "110***********002X".into();
        expected.bank_account = "***************3445".into();
        expected.addresses[0].street = "西湖区文三路******".into();
        assert_eq!(seen(&[a_customer(), a_customer()], Visibility::Masked), [expected.clone(), expected.clone()]);
        assert_eq!(seen(&[a_customer()], Visibility::Unspecified), [expected]);
    }

    #[test]
    fn the_kinds_that_a_message_holds_are_known() {
        let id = id("changke.customers.v1.Customer");
        let mut kinds = Contract::get().kinds_in(id, &a_customer().encode_to_vec());
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), 5);
        let only_phone = Customer { phone: "13812345678".into(), name: "张三".into(), ..Customer::default() };
        assert_eq!(Contract::get().kinds_in(id, &only_phone.encode_to_vec()), [PersonalData::Phone]);
        assert_eq!(Contract::get().kinds_in(id, &[0xff, 0xff]), []);
    }

    #[test]
    fn hidden_values_are_left_out() {
        let mut expected = a_customer();
        for text in [&mut expected.phone, &mut expected.email, &mut expected.id_number, &mut expected.bank_account] {
            text.clear();
        }
        expected.addresses[0].street.clear();
        assert_eq!(seen(&[a_customer()], Visibility::Hidden), [expected]);
    }

    #[test]
    fn what_is_clear_is_not_copied() {
        let customer = Bytes::from(a_customer().encode_to_vec());
        let same = Contract::get().mask(id("changke.customers.v1.Customer"), customer.clone(), &|_| Visibility::Clear);
        assert_eq!(same.as_ptr(), customer.as_ptr());
        let entry = Bytes::from(TimelineEntry { id: "1".into(), ..Default::default() }.encode_to_vec());
        let same =
            Contract::get().mask(id("changke.customers.v1.TimelineEntry"), entry.clone(), &|_| Visibility::Hidden);
        assert_eq!(same.as_ptr(), entry.as_ptr());
    }

    proptest! {
        #[test]
        fn no_personal_datum_of_some_length_comes_through(
            phone in "[0-9]{11,20}", street in "[a-z]{14,60}", account in "[0-9]{12,30}", name in "[0-9a-z]{0,30}",
        ) {
            let mut customer = a_customer();
            customer.name = name;
            customer.phone = phone.clone();
            customer.addresses[0].street = street.clone();
            customer.bank_account = account.clone();
            for visibility in [Visibility::Masked, Visibility::Hidden] {
                let seen = &seen(&[customer.clone()], visibility)[0];
                prop_assert!(!seen.phone.contains(&phone[3..8]));
                prop_assert!(!seen.addresses[0].street.contains(&street[6..]));
                prop_assert!(!seen.bank_account.contains(&account[..6]));
                prop_assert_eq!(&seen.name, &customer.name);
            }
        }

        #[test]
        fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
            for message in Contract::get().messages() {
                Contract::get().mask(message.id, noise.clone().into(), &|_| Visibility::Masked);
            }
        }
    }
}
