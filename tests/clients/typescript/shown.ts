/** `fields=` may leave any field out, so that each is optional: this one was asked for. */
export function shown<T>(value: T | undefined): T {
    if (value === undefined) throw new Error("the answer leaves out a field");
    return value;
}
