import { type AppointmentCard, type AppointmentStatus, backend, type SlotView } from "../../platform/backend";
import { clock, dayName, firstName } from "../../shared/format";
import { locale, t } from "../../shared/i18n.svelte";
import { panels } from "../../shared/panels.svelte";
import { tell } from "../../shared/tell";
import { toasts } from "../../shared/toasts.svelte";

/** The step a visit usually takes next, for one key and one click. */
export function usualNext(card: AppointmentCard): AppointmentStatus | null {
  const usual: Partial<Record<AppointmentStatus, AppointmentStatus>> = {
    scheduled: "arrived",
    confirmed: "arrived",
    arrived: "in_progress",
    in_progress: "done",
  };
  const next = usual[card.status];
  return next && card.next.includes(next) ? next : null;
}

/** Changes where a visit stands, with the way back. */
export async function changeStatus(card: AppointmentCard, to: AppointmentStatus): Promise<void> {
  try {
    const outcome = await backend.appointmentStatus({ id: card.id, from: card.status, to });
    if (outcome.kind === "refused") {
      panels.open({ kind: "visit", id: card.id, refusal: outcome.refusal });
      return;
    }
    toasts.say(t("agenda.statusDone", { name: firstName(card.client_name), status: t(`status.${to}`) }), {
      undo: () => void changeStatus({ ...card, status: to }, card.status),
    });
  } catch (thrown) {
    tell(thrown);
  }
}

/** Moves a visit, with the way back; a refusal opens its panel with the free places. */
export async function moveTo(card: AppointmentCard, slot: SlotView): Promise<boolean> {
  try {
    const outcome = await backend.appointmentMove({
      id: card.id,
      from_day: card.day,
      from_minute: card.start_minute,
      slot,
    });
    if (outcome.kind === "refused") {
      panels.open({ kind: "visit", id: card.id, refusal: outcome.refusal });
      return false;
    }
    const before: SlotView = {
      day: card.day,
      start_minute: card.start_minute,
      duration_minutes: card.duration_minutes,
      staff_id: card.staff_id,
      room_id: card.room_id,
    };
    const moved = { ...card, day: slot.day, start_minute: slot.start_minute, staff_id: slot.staff_id };
    toasts.say(
      t("agenda.moved", {
        name: firstName(card.client_name),
        day: dayName(slot.day, locale(), "short"),
        time: clock(slot.start_minute),
      }),
      { undo: () => void moveTo(moved, before) },
    );
    return true;
  } catch (thrown) {
    tell(thrown);
    return false;
  }
}
