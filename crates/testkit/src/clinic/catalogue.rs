//! What the clinic offers and keeps: treatments, products, lots, rooms, and who works there.

use domain::role::Role;
use domain::row::CouncilKind;

/// Groups of treatments; a practitioner does some of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Category {
    Injectables,
    Light,
    Skin,
    Body,
    Hair,
}

impl Category {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Injectables => "Injetáveis",
            Self::Light => "Laser e luz",
            Self::Skin => "Pele",
            Self::Body => "Corporal",
            Self::Hair => "Capilar",
        }
    }
}

/// How much of a product one session uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Index into [`PRODUCTS`].
    pub(super) product: usize,
    pub(super) least: i32,
    pub(super) most: i32,
}

/// A treatment as it is offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) name: &'static str,
    pub(super) category: Category,
    pub(super) minutes: i32,
    /// List price in whole reais.
    pub(super) price: i64,
    pub(super) areas: &'static [&'static str],
    pub(super) consent: bool,
    pub(super) uses: Option<Usage>,
    /// How often it is booked, among those of its category.
    pub(super) weight: u32,
    /// Usual days until the same client comes for it again.
    pub(super) again: i32,
}

const FACE: &[&str] = &[
    "Face",
    "Testa",
    "Região periorbital",
    "Bochechas",
    "Nariz",
    "Queixo",
];
const UPPER: &[&str] = &["Testa", "Glabela", "Pés de galinha"];
const BODY: &[&str] = &["Abdômen", "Flancos", "Coxas", "Glúteos", "Braços"];

const fn offer(
    name: &'static str,
    category: Category,
    minutes: i32,
    price: i64,
    weight: u32,
    again: i32,
) -> Offer {
    Offer {
        name,
        category,
        minutes,
        price,
        areas: FACE,
        consent: true,
        uses: None,
        weight,
        again,
    }
}

impl Offer {
    /// Days that must have passed before the same client has it again: a little less than usual.
    pub(super) const fn least_days(&self) -> i32 {
        let days = self.again * 85 / 100;
        // Skin needs the better part of a week whatever was done to it.
        if days < 6 { 6 } else { days }
    }
    const fn on(self, areas: &'static [&'static str]) -> Self {
        Self { areas, ..self }
    }
    const fn using(self, product: usize, least: i32, most: i32) -> Self {
        Self {
            uses: Some(Usage {
                product,
                least,
                most,
            }),
            ..self
        }
    }
    const fn without_consent(self) -> Self {
        Self {
            consent: false,
            ..self
        }
    }
}

/// The treatments.
pub(super) const OFFERS: &[Offer] = &[
    offer(
        "Toxina botulínica – terço superior",
        Category::Injectables,
        30,
        1400,
        10,
        120,
    )
    .on(UPPER)
    .using(0, 20, 50),
    offer(
        "Toxina botulínica – full face",
        Category::Injectables,
        45,
        1900,
        4,
        120,
    )
    .on(FACE)
    .using(0, 45, 80),
    offer(
        "Preenchimento labial",
        Category::Injectables,
        60,
        1600,
        5,
        270,
    )
    .on(&["Lábios"])
    .using(1, 1, 2),
    offer(
        "Preenchimento de malar",
        Category::Injectables,
        60,
        2200,
        3,
        360,
    )
    .on(&["Malar"])
    .using(2, 1, 3),
    offer(
        "Preenchimento de olheiras",
        Category::Injectables,
        45,
        1800,
        2,
        330,
    )
    .on(&["Olheiras"])
    .using(1, 1, 1),
    offer(
        "Bioestimulador de colágeno",
        Category::Injectables,
        60,
        2600,
        3,
        60,
    )
    .on(&["Face", "Pescoço", "Colo"])
    .using(3, 1, 2),
    offer("Skinbooster", Category::Injectables, 45, 1200, 3, 45)
        .on(&["Face", "Mãos", "Colo"])
        .using(4, 1, 2),
    offer("Fios de PDO", Category::Injectables, 60, 2400, 1, 300)
        .on(&["Face", "Papada"])
        .using(5, 4, 12),
    offer("Enzimas para papada", Category::Injectables, 30, 600, 2, 28)
        .on(&["Papada"])
        .using(6, 2, 6),
    offer(
        "Depilação a laser – axilas",
        Category::Light,
        15,
        180,
        8,
        33,
    )
    .on(&["Axilas"]),
    offer(
        "Depilação a laser – virilha",
        Category::Light,
        30,
        260,
        7,
        33,
    )
    .on(&["Virilha"]),
    offer(
        "Depilação a laser – pernas",
        Category::Light,
        60,
        520,
        5,
        35,
    )
    .on(&["Pernas"]),
    offer("Luz pulsada – manchas", Category::Light, 45, 450, 4, 30).on(&["Face", "Colo", "Mãos"]),
    offer("Laser fracionado CO₂", Category::Light, 60, 1800, 2, 75).on(FACE),
    offer("Remoção de tatuagem", Category::Light, 30, 500, 1, 50).on(&["Braço", "Costas", "Perna"]),
    offer("Limpeza de pele profunda", Category::Skin, 75, 220, 10, 35)
        .on(&["Face"])
        .without_consent(),
    offer("Peeling químico", Category::Skin, 45, 380, 5, 18)
        .on(FACE)
        .using(7, 2, 5),
    offer("Microagulhamento", Category::Skin, 60, 550, 5, 32)
        .on(&["Face", "Pescoço"])
        .using(8, 1, 1),
    offer("Hidratação facial", Category::Skin, 45, 190, 4, 30)
        .on(&["Face"])
        .without_consent(),
    offer("Drenagem linfática", Category::Body, 60, 160, 8, 8)
        .on(BODY)
        .without_consent(),
    offer("Criolipólise", Category::Body, 90, 900, 3, 60).on(BODY),
    offer("Radiofrequência corporal", Category::Body, 45, 280, 5, 15).on(BODY),
    offer("Ultrassom microfocado", Category::Body, 75, 2900, 1, 365)
        .on(&["Face", "Pescoço", "Abdômen"]),
    offer("Intradermoterapia capilar", Category::Hair, 30, 420, 4, 21)
        .on(&["Couro cabeludo"])
        .using(9, 2, 4),
];

/// A product as it is bought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Article {
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    pub(super) unit: &'static str,
    /// Units in a delivery.
    pub(super) delivery: i64,
}

const fn article(
    name: &'static str,
    category: &'static str,
    unit: &'static str,
    delivery: i64,
) -> Article {
    Article {
        name,
        category,
        unit,
        delivery,
    }
}

/// The products. Names of substances, not of brands.
pub(super) const PRODUCTS: &[Article] = &[
    article("Toxina botulínica A 100 U", "Toxinas", "U", 2000),
    article(
        "Ácido hialurônico 20 mg/mL – lábios",
        "Preenchedores",
        "mL",
        60,
    ),
    article(
        "Ácido hialurônico 25 mg/mL – volume",
        "Preenchedores",
        "mL",
        60,
    ),
    article(
        "Hidroxiapatita de cálcio 1,5 mL",
        "Bioestimuladores",
        "seringa",
        40,
    ),
    article("Ácido hialurônico não reticulado", "Skinboosters", "mL", 60),
    article("Fio de PDO 29G", "Fios", "unidade", 200),
    article("Ácido desoxicólico 10 mg/mL", "Enzimas", "mL", 120),
    article("Ácido tricloroacético 20 %", "Peelings", "mL", 250),
    article(
        "Cartucho de microagulhas 36P",
        "Descartáveis",
        "unidade",
        80,
    ),
    article("Complexo capilar estéril", "Capilar", "mL", 150),
];

/// Rooms of a small clinic; a larger one counts on.
pub(super) const ROOMS: &[&str] = &[
    "Sala Jasmim",
    "Sala Lavanda",
    "Sala Alecrim",
    "Sala Camélia",
    "Sala Ipê",
];

/// A person who treats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Practice {
    pub(super) council: CouncilKind,
    pub(super) does: &'static [(Category, u32)],
}

/// Who treats in a small clinic; a larger one repeats them.
pub(super) const PRACTICES: &[Practice] = &[
    Practice {
        council: CouncilKind::Crm,
        does: &[
            (Category::Injectables, 6),
            (Category::Light, 2),
            (Category::Hair, 1),
        ],
    },
    Practice {
        council: CouncilKind::Crbm,
        does: &[(Category::Injectables, 5), (Category::Skin, 4)],
    },
    Practice {
        council: CouncilKind::Coren,
        does: &[
            (Category::Light, 5),
            (Category::Skin, 3),
            (Category::Body, 1),
        ],
    },
    Practice {
        council: CouncilKind::Crefito,
        does: &[(Category::Body, 8), (Category::Light, 1)],
    },
    Practice {
        council: CouncilKind::Crf,
        does: &[
            (Category::Skin, 5),
            (Category::Hair, 2),
            (Category::Injectables, 2),
        ],
    },
];

/// Names and work of the first people of every clinic: two at the desk, five who treat, one who runs it.
pub(super) const PEOPLE: &[(&str, Role)] = &[
    ("Beatriz Nogueira", Role::Reception),
    ("Caio Guimarães", Role::Reception),
    ("Helena Vasconcelos", Role::Practitioner),
    ("Rafaela Queirós", Role::Practitioner),
    ("Marina Assunção", Role::Practitioner),
    ("Diego Bittencourt", Role::Practitioner),
    ("Lívia Camargo", Role::Practitioner),
    ("Sônia Magalhães", Role::Manager),
];

/// What an alert says.
pub(super) const ALERTS: &[(&str, domain::row::AlertSeverity, u32)] = {
    use domain::row::AlertSeverity as S;
    &[
        ("Alergia a lidocaína", S::Critical, 4),
        ("Alergia a dipirona", S::Warning, 6),
        ("Alergia a penicilina", S::Warning, 6),
        ("Alergia a látex", S::Critical, 3),
        ("Gestante", S::Critical, 3),
        ("Lactante", S::Warning, 3),
        ("Usa anticoagulante", S::Warning, 4),
        ("Herpes labial recorrente", S::Warning, 5),
        ("Tendência a queloide", S::Warning, 4),
        ("Uso recente de isotretinoína", S::Critical, 3),
        ("Doença autoimune em acompanhamento", S::Warning, 2),
        ("Marca-passo", S::Critical, 1),
        ("Hipertensão controlada", S::Notice, 6),
        ("Desmaia com agulhas", S::Notice, 3),
        ("Prefere atendimento com acompanhante", S::Notice, 3),
    ]
};

/// Notes that reception leaves on a booking.
pub(super) const BOOKING_NOTES: &[&str] = &[
    "Pede para ligar um dia antes",
    "Chega de ônibus, pode atrasar",
    "Primeira vez, chegar 10 minutos antes",
    "Prefere sala com janela",
    "Vem com a filha",
    "Remarcado a pedido",
];
