import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { signOut } from "../api";

/** Signs out. The sign-in forgets everything that was loaded, so that the next person at this browser sees none of it. */
export function useSignOut() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: signOut,
    // An ended session can't be signed out; the way to the sign-in is the same.
    onSettled: (answer) => {
      // A session that began at a provider ends there too.
      if (answer?.providerSignOutUrl) location.assign(answer.providerSignOutUrl);
      else void navigate("/sign-in");
    },
  });
}

/**
 * Only an address of this console may be returned to: `//host` would lead elsewhere, the sign-in nowhere. Browsers drop
 * line breaks and tabs from addresses, so one that holds any is not what it looks like.
 */
export function safeNext(next: string | null): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return next && /^\/(?![/\\]|sign-in\b)[^\\\u0000-\u0020\u007f]*$/.test(next) ? next : "/";
}

/** Where a sign-in leads: on to what was asked for, by way of a password of one's own. */
export function afterSignIn(answer: { passwordChangeRequired: boolean }, returnTo: string | null): string {
  const next = safeNext(returnTo);
  return answer.passwordChangeRequired ? `/change-password?next=${encodeURIComponent(next)}` : next;
}
