using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>The server answered with an error; its <c>data</c>.</summary>
internal sealed class RefusedException(JsonObject data) : Exception(data.ToJsonString())
{
    public string Code => (string)data["code"]!;

    public bool IsTransient => (bool)data["transient"]!;

    public int? RetryAfterMs => (int?)data["retry_after_ms"];
}
