//! How the domain's types stand in SQLite columns.

use domain::codec;
use domain::contact::{Email, Phone};
use domain::cpf::Cpf;
use domain::id::*;
use domain::money::Cents;
use domain::role::Role;
use domain::row::*;
use domain::time::{Day, Timestamp};
use rusqlite::types::{FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use uuid::Uuid;

/// A type that is stored in one column.
pub(crate) trait Column: Sized {
    /// The value to bind.
    fn to_column(&self) -> ToSqlOutput<'_>;
    /// The value read.
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self>;
}

fn invalid() -> FromSqlError {
    FromSqlError::Other("a stored value is out of its range".into())
}

impl Column for Uuid {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Blob(self.as_bytes()))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_slice(value.as_blob()?).map_err(|_| invalid())
    }
}

macro_rules! newtypes {
    ($($name:ident),*) => {$(
        impl Column for $name {
            fn to_column(&self) -> ToSqlOutput<'_> { self.0.to_column() }
            fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> { Column::from_column(value).map(Self) }
        }
    )*};
}
newtypes!(
    ClinicId,
    DeviceId,
    IncarnationId,
    StaffId,
    RoomId,
    TreatmentId,
    ProductId,
    LotId,
    ClientId,
    AlertId,
    ClientKeyId,
    AppointmentId,
    EncounterId,
    LotUseId,
    ConsentId,
    PhotoId,
    PaymentId,
    TicksId,
    Day,
    Timestamp,
    Cents
);

macro_rules! integers {
    ($($name:ty),*) => {$(
        impl Column for $name {
            fn to_column(&self) -> ToSqlOutput<'_> {
                ToSqlOutput::Owned(Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX)))
            }
            fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::try_from(value.as_i64()?).map_err(|_| invalid())
            }
        }
    )*};
}
integers!(u8, i32, u32, i64, u64);

impl Column for bool {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Owned(Value::Integer(i64::from(*self)))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(value.as_i64()? != 0)
    }
}

impl Column for String {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.as_bytes()))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Column for Vec<u8> {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Blob(self))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob().map(<[u8]>::to_vec)
    }
}

impl<T: Column> Column for Option<T> {
    fn to_column(&self) -> ToSqlOutput<'_> {
        self.as_ref()
            .map_or(ToSqlOutput::Owned(Value::Null), Column::to_column)
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        if value == ValueRef::Null {
            Ok(None)
        } else {
            T::from_column(value).map(Some)
        }
    }
}

impl Column for Cpf {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.digits().as_bytes()))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|_| invalid())
    }
}

impl Column for Phone {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.digits().as_bytes()))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::try_from(value.as_str()?.to_owned()).map_err(|_| invalid())
    }
}

impl Column for Email {
    fn to_column(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.as_str().as_bytes()))
    }
    fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|_| invalid())
    }
}

macro_rules! numbered {
    ($($name:ident by $read:expr;)*) => {$(
        impl Column for $name {
            fn to_column(&self) -> ToSqlOutput<'_> { ToSqlOutput::Owned(Value::Integer(*self as i64)) }
            fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let number = u8::from_column(value)?;
                let read: fn(u8) -> Option<Self> = $read;
                read(number).ok_or_else(invalid)
            }
        }
    )*};
}
numbered! {
    AppointmentStatus by AppointmentStatus::from_number;
    PaymentMethod by PaymentMethod::from_number;
    PhotoPhase by PhotoPhase::from_number;
    ConsentPurpose by |number| [
        ConsentPurpose::Care, ConsentPurpose::ClinicalRecord, ConsentPurpose::Publicity, ConsentPurpose::Marketing,
    ].into_iter().find(|purpose| *purpose as u8 == number);
}

/// Lists and small structures that are only ever read whole.
macro_rules! encoded {
    ($($name:ty),*) => {$(
        impl Column for $name {
            fn to_column(&self) -> ToSqlOutput<'_> { ToSqlOutput::Owned(Value::Blob(codec::encode(self))) }
            fn from_column(value: ValueRef<'_>) -> FromSqlResult<Self> {
                codec::decode(value.as_blob()?).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    )*};
}
encoded!(
    Vec<String>,
    Vec<Role>,
    Council,
    AlertSeverity,
    SealedText,
    BlobRef,
    Vec<Rendition>
);
