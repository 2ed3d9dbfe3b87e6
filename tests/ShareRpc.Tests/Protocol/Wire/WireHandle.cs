using System.Text.Json;

namespace ShareRpc.Tests.Protocol.Wire;

/// <summary>A live handle as a plain JSON client holds it: a number on a connection.</summary>
internal sealed record WireHandle(WireConnection Connection, long Number, JsonElement Redemption)
{
    public string Path(string method) => $"$/invokeProxy/{Number}/{method}";

    public Task<JsonElement> CallAsync(string method, string? parameters) =>
        Connection.CallAsync(Path(method), parameters);

    public Task<JsonElement> ResultAsync(string method, string? parameters) =>
        Connection.ResultAsync(Path(method), parameters);
}
