using System.Text.Json.Nodes;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A share's log as a plain client reads it.</summary>
internal static class PlainLog
{
    /// <summary>All ops, from the first to the head.</summary>
    public static async Task<IReadOnlyList<JsonObject>> ReadAsync(Uri server, string token,
        CancellationToken cancellationToken)
    {
        using PlainConnection reader =
            await PlainConnection.RedeemAsync(server, token, writerId: null, cancellationToken);
        var log = new List<JsonObject>();
        while (true)
        {
            var request = new JsonObject { ["after"] = log.Count, ["limit"] = 1000 };
            JsonObject page = await reader.AskAsync("readOps", request, cancellationToken);
            JsonArray ops = page["ops"]!.AsArray();
            if (ops.Count == 0) return log;
            log.AddRange(ops.Select(op => op!.AsObject()));
        }
    }
}
