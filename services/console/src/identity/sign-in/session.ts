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

/** Only an address of this console may be returned to: `//host` would lead elsewhere, the sign-in nowhere. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\]|sign-in\b)/.test(next) ? next : "/";
}
