using System.Text.Json.Nodes;
using ShareRpc.Tests.Protocol.Vectors;

namespace ShareRpc.Tests.Server.Opencode;

/// <summary>What opencode 1.18.33 really sent, in order; beside the repository, not in it.</summary>
internal static class RecordedTraffic
{
    public static string Path { get; } = System.IO.Path.Combine(
        RepositoryRoot.Path(), "..", "shared", "fixtures", "opencode", "share-traffic-1.18.33.jsonl");

    /// <summary>The requests: POST of a session, POST of items, or DELETE.</summary>
    public static IReadOnlyList<Request> Read() =>
        [.. File.ReadLines(Path).Select(line => JsonNode.Parse(line)!).Select(ToRequest).Where(request =>
            request is not null)!];

    private static Request? ToRequest(JsonNode line)
    {
        string method = (string)line["method"]!;
        string[] path = ((string)line["path"]!).Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path[0] != "api") return null; // a wrong address
        return (method, path.Length) switch
        {
            ("POST", 2) => new Request(Call.Share, (string)line["body"]!["sessionID"]!, []),
            ("POST", 4) => new Request(Call.Sync, path[2], line["body"]!["data"]!.AsArray()),
            ("DELETE", 3) => new Request(Call.Unshare, path[2], []),
            _ => null,
        };
    }

    internal enum Call
    {
        Share,
        Sync,
        Unshare,
    }

    /// <param name="Call">What is asked for.</param>
    /// <param name="Name">The session; of later calls the recording server's id, which is how the session's id
    /// ends.</param>
    /// <param name="Items">Of a sync.</param>
    internal sealed record Request(Call Call, string Name, JsonArray Items);
}
