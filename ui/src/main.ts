import "./platform/language";
import "@fontsource-variable/inter/wght.css";
import "./shared/tokens.css";
import "./shared/base.css";
import { mount } from "svelte";
import App from "./app/App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app element");
mount(App, { target });
