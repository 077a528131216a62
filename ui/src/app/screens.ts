import BookOpen from "@lucide/svelte/icons/book-open";
import Calendar from "@lucide/svelte/icons/calendar-days";
import Camera from "@lucide/svelte/icons/camera";
import Gauge from "@lucide/svelte/icons/gauge";
import RefreshCw from "@lucide/svelte/icons/refresh-cw";
import Settings from "@lucide/svelte/icons/settings";
import Sun from "@lucide/svelte/icons/sun";
import Users from "@lucide/svelte/icons/users";
import type { Component } from "svelte";
import type { Permission } from "../platform/backend";
import type { MessageKey } from "../shared/i18n.svelte";
import type { Place, ScreenName } from "../shared/navigation.svelte";

/** A screen of the rail, in its order. */
export type Screen = {
  name: ScreenName;
  place: Place;
  label: MessageKey;
  go: MessageKey;
  icon: Component<{ size?: number | string; "aria-hidden"?: boolean }>;
  needs: Permission | null;
  keys: string;
};

export const SCREENS: Screen[] = [
  {
    name: "today",
    place: { screen: "today" },
    label: "nav.today",
    go: "nav.goToday",
    icon: Sun,
    needs: "view_agenda",
    keys: "alt+1",
  },
  {
    name: "agenda",
    place: { screen: "agenda" },
    label: "nav.agenda",
    go: "nav.goAgenda",
    icon: Calendar,
    needs: "view_agenda",
    keys: "alt+2",
  },
  {
    name: "clients",
    place: { screen: "clients" },
    label: "nav.clients",
    go: "nav.goClients",
    icon: Users,
    needs: "view_clients",
    keys: "alt+3",
  },
  {
    name: "photos",
    place: { screen: "photos" },
    label: "nav.photos",
    go: "nav.goPhotos",
    icon: Camera,
    needs: "view_photos",
    keys: "alt+4",
  },
  {
    name: "catalogue",
    place: { screen: "catalogue" },
    label: "nav.catalogue",
    go: "nav.goCatalogue",
    icon: BookOpen,
    needs: "view_agenda",
    keys: "alt+5",
  },
  {
    name: "performance",
    place: { screen: "performance" },
    label: "nav.performance",
    go: "nav.goPerformance",
    icon: Gauge,
    needs: "view_performance",
    keys: "alt+6",
  },
  {
    name: "sync",
    place: { screen: "sync" },
    label: "nav.sync",
    go: "nav.goSync",
    icon: RefreshCw,
    needs: "view_sync",
    keys: "alt+7",
  },
  {
    name: "settings",
    place: { screen: "settings" },
    label: "nav.settings",
    go: "nav.goSettings",
    icon: Settings,
    needs: null,
    keys: "alt+8",
  },
];
