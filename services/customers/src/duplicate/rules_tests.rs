//! What makes two customers one, and what does not.

use super::*;

const PERSON: Facts<'_> = Facts {
    kind: CustomerKind::Person,
    name: "张三",
    phone_digits: "13800138000",
    id_number: "",
    email: "",
    birthday: None,
};
const FIRM: Facts<'_> =
    Facts { kind: CustomerKind::Organization, name: "杭州华星有限公司", phone_digits: "", ..PERSON };

fn compared(one: &Facts<'_>, other: &Facts<'_>) -> (Vec<Reason>, i16) {
    let reasons = Subject::of(one).compare(&Subject::of(other));
    assert_eq!(reasons, Subject::of(other).compare(&Subject::of(one)));
    (reasons.list(), reasons.score())
}

#[test]
fn persons_are_one_by_what_they_share() {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    use Reason::*;
    for (other, reasons, score) in [
        (Facts { name: "張三", ..PERSON }, vec![SamePhone, SameName], 100),
        (Facts { name: "章三", ..PERSON }, vec![SamePhone, NameSoundsAlike], 90),
        (Facts { name: "李四", ..PERSON }, vec![SamePhone], 60),
        (Facts { phone_digits: "13911118000", ..PERSON }, vec![SameName, SamePhoneEnd], 60),
        (Facts { name: "章三", phone_digits: "13911118000", ..PERSON }, vec![NameSoundsAlike, SamePhoneEnd], 50),
        (Facts { phone_digits: "", ..PERSON }, vec![SameName], 40),
        (Facts { phone_digits: "8000", ..PERSON }, vec![SameName], 40),
    ] {
        assert_eq!(compared(&PERSON, &other), (reasons, score), "{other:?}");
    }
    let born = Facts { phone_digits: "", birthday: day("1990-01-01"), ..PERSON };
    assert_eq!(compared(&born, &born), (vec![SameName, SameBirthday], 70));
    assert_eq!(compared(&born, &Facts { birthday: day("1990-01-02"), ..born }).1, 40);
    // Two of one household with numbers of their own.
    let [husband, wife] = [("张三", "330106199001011234"), ("李四", "330106199101011234")]
        .map(|(name, id_number)| Facts { name, id_number, ..PERSON });
    assert_eq!(compared(&husband, &wife), (vec![SamePhone, DifferentIdNumber], 10));
    assert_eq!(compared(&husband, &Facts { phone_digits: "", ..husband }).1, 100);
}

#[test]
fn firms_are_one_without_their_legal_form() {
    use Reason::*;
    let called = |name: &'static str| compared(&FIRM, &Facts { name, ..FIRM });
    assert_eq!(called("杭州華星股份有限公司"), (vec![SameCompanyName], 70));
    assert_eq!(called("杭州华星"), (vec![SameCompanyName], 70));
    assert_eq!(called("杭州华兴有限公司"), (vec![NameSoundsAlike], 30));
    assert_eq!(called("宁波华星有限公司"), (vec![], 0));
    let [one, other] = ["91330106MA2AXXXX1A", "91330106MA2AXXXX2B"].map(|id_number| Facts { id_number, ..FIRM });
    assert_eq!(compared(&one, &other), (vec![SameCompanyName, DifferentIdNumber], 20));
    assert_eq!(compared(&one, &FIRM).1, 70);
}

#[test]
fn blanks_have_nothing_in_common() {
    assert_eq!(compared(&Facts::default(), &Facts::default()), (vec![], 0));
    let surname = Facts { name: "张", ..Facts::default() };
    assert_eq!(compared(&surname, &surname), (vec![], 0));
}

#[test]
fn what_is_masked_counts_nothing_for_who_does_not_see_it() {
    let masked = |masked: PersonalData| {
        Reasons::seen(move |kind| if kind == masked { Visibility::Masked } else { Visibility::Clear })
    };
    let reasons = Reasons(Reasons::bit(Reason::SamePhone) | Reasons::bit(Reason::SameName));
    assert_eq!(reasons.score(), 100);
    assert_eq!(reasons.among(masked(PersonalData::Phone)).score(), 40);
    assert_eq!(reasons.among(masked(PersonalData::IdNumber)).score(), 100);
    let against = Reasons(Reasons::bit(Reason::DifferentIdNumber) | Reasons::bit(Reason::SameCompanyName));
    assert_eq!((against.score(), against.among(masked(PersonalData::IdNumber)).score()), (20, 70));
    let place = against.0 as usize;
    assert_eq!((Reasons::scores()[place], Reasons::best_scores()[place]), (20, 70));
    assert_eq!(Reasons::seen(|_| Visibility::Clear), Reasons::ALL);
    assert!(!is_seen(Reason::SameEmail, |_| Visibility::Hidden));
}

#[test]
fn what_finds_a_pair_speaks_for_it() {
    for (reason, part) in BLOCKS {
        let alone = COMPARED.iter().flat_map(|line| line.iter()).find(|(_, compared)| *compared == part);
        assert!(alone.is_none_or(|(spoken, _)| *spoken == reason && weight(reason) >= LEAST), "{part:?}");
    }
    for (place, part) in Part::ALL.into_iter().enumerate() {
        assert_eq!(part as usize, place);
    }
}
