// What a forked conversation has from the one that it was forked from, and that from another.
import { useEffect, useState } from "./vendor/preact.js";
import { get } from "./api.js";
import { EMPTY, fold } from "./fold.js";

const DEEPEST = 8;
const TICKS_TO_1970 = 122192928000000000n; // from 1582, in units of 100 ns

// When a checkpoint was made, in milliseconds: its id is a UUID of version 6, which holds the time.
export function madeAt(id) {
  const hex = id.replaceAll("-", "");
  const ticks = BigInt(`0x${hex.slice(0, 12)}${hex.slice(13, 16)}`);
  return Number((ticks - TICKS_TO_1970) / 10000n);
}

// The views of the conversations before this one, the oldest first, each with its key.
export function useEarlier(started, fail) {
  const [views, setViews] = useState([]);
  const origin = started?.forked_from;
  useEffect(() => {
    let gone = false;
    setViews([]);
    if (origin) trace(origin).then((found) => gone || setViews(found), fail);
    return () => (gone = true);
  }, [origin?.conversation, origin?.checkpoint_id]);
  return views;
}

async function trace(origin) {
  const views = [];
  for (let from = origin; from && views.length < DEEPEST; ) {
    const view = await until(from).catch((error) => {
      if (error.status === 404 || error.status === 403) return null; // it was deleted, or is another user's
      throw error;
    });
    if (!view) break;
    views.unshift({ key: from.conversation, view });
    from = view.started?.forked_from;
  }
  return views;
}

// A conversation as it was at a checkpoint: all that happened up to it, and the rest of the run that made it.
async function until({ conversation, checkpoint_id: id }) {
  const moment = madeAt(id);
  let view = EMPTY;
  for (let after = 0, more = true; more; ) {
    const page = await get(`/api/conversations/${encodeURIComponent(conversation)}/events?after=${after}`);
    for (const event of page.events) {
      const isLater = new Date(event.occurred_at) > moment;
      if (isLater && !(event.data.run_id in view.runs)) return view;
      view = fold(view, event);
    }
    ({ more } = page);
    after = page.events.at(-1)?.sequence;
  }
  return view;
}
