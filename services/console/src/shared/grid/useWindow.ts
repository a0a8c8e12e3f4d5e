import { useLayoutEffect, useState, type RefObject } from "react";
import { windowOf, type Range } from "./window";

/** One line of text in a table of middle size; `grid.css` holds rows of long lists to it. */
export const rowHeight = 47;

/** The rows of a list that stand in the document while the page scrolls past it. */
export function useWindow(list: RefObject<HTMLElement | null>, count: number): Range {
  const [range, setRange] = useState<Range>(() => windowOf({ gone: 0, height: window.innerHeight, rowHeight, count }));
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const body = list.current?.querySelector("tbody");
      const gone = body ? -body.getBoundingClientRect().top : 0;
      const next = windowOf({ gone, height: window.innerHeight, rowHeight, count });
      setRange((now) => (now.first === next.first && now.last === next.last ? now : next));
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    window.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", soon);
      window.removeEventListener("resize", soon);
    };
  }, [list, count]);
  // What is loaded anew may be shorter before the window has followed.
  return { first: Math.min(range.first, count), last: Math.min(range.last, count) };
}
