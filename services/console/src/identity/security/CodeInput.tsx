import { Input, type GetProps } from "antd";
import { digitsOf } from "./proofs";

type OtpProps = GetProps<typeof Input.OTP>;

/** The six digits of an authenticator app; phones offer to fill them in. `onChange` comes when all are there. */
export function CodeInput(props: Pick<OtpProps, "id" | "value" | "onChange" | "size" | "autoFocus">) {
  return <Input.OTP {...props} length={6} inputMode="numeric" autoComplete="one-time-code" formatter={digitsOf} styles={{ input: { width: 44 } }} />;
}
