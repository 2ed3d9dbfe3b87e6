using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Opencode;

internal sealed record ScriptedCall(string Name, JsonObject Arguments);
