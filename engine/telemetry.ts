/**
 * Switches off the telemetry of libraries. Importing this file does it, for this process and all that it starts, so the
 * programs import it first: onnxruntime reads its variable when the first session is created.
 *
 * onnxruntime (Linux and macOS) otherwise writes a device id and a queue of events below `~/.cache/Microsoft` and sends
 * them to Microsoft. On Windows it has no such variable: it emits local ETW events there, and what happens to them
 * is a privacy setting of Windows.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
