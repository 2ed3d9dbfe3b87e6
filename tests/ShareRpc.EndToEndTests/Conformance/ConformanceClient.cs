using System.Text.Json;
using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Conformance;

/// <summary>
/// Is the C# client as protocol/conformance calls it: <c>conform reader|plain|outbox LINK DIRECTORY</c>.
/// </summary>
internal static class ConformanceClient
{
    private const int OfNoMoreUse = 3;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromMilliseconds(300);

    public static async Task<int> RunAsync(string of, string link, string directory)
    {
        if (!ShareLink.TryParse(link, out ShareLink? parsed)) throw new InvalidDataException("no link");
        return of switch
        {
            "reader" => await ReadAsync(parsed),
            "plain" => await WritePlainlyAsync(parsed),
            _ => await WriteAsync(parsed, directory),
        };
    }

    private static async Task<int> WritePlainlyAsync(ShareLink link)
    {
        await using var writer =
            new PlainConformance(link, (opId, code) => Say(new() { ["parked"] = opId, ["code"] = code }));
        return await writer.AppendAsync(Console.In) ? 0 : OfNoMoreUse;
    }

    private static async Task<int> ReadAsync(ShareLink link)
    {
        var options = new ShareReaderOptions { FirstRetry = FirstRetry, MaxRetry = MaxRetry };
        await using var reader = new ShareReader(link, options);
        var documents = new SortedDictionary<(string Kind, string Key), RawJson>();
        try
        {
            for (long after = 0; ;)
            {
                try
                {
                    await foreach (LoggedOp op in reader.FollowAsync(after))
                    {
                        after = op.Cursor;
                        Say(new() { ["cursor"] = after });
                        if (!op.Hidden) Fold(documents, op);
                    }

                    break;
                }
                catch (ShareGapException)
                {
                    ShareSnapshot state = await reader.ReadStateAsync();
                    documents.Clear();
                    foreach (Document document in state.Documents)
                        documents[(document.Kind, document.Key)] = document.Data;
                    after = state.Cursor;
                }
            }
        }
        catch (Exception refusal) when (refusal is ShareRpcException or NotSupportedException)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return OfNoMoreUse;
        }

        Say(new()
        {
            ["documents"] = new JsonArray([.. documents.Select(document => new JsonObject
            {
                ["kind"] = document.Key.Kind, ["key"] = document.Key.Key,
                ["data"] = JsonNode.Parse(document.Value.ToString()),
            })]),
        });
        return 0;
    }

    private static void Fold(SortedDictionary<(string Kind, string Key), RawJson> documents, LoggedOp op)
    {
        (string Kind, string Key) name = (op.Kind, op.Key);
        RawJson? before = documents.TryGetValue(name, out RawJson known) ? known : null;
        RawJson? after = op.Verb.Length == 0
            ? before ?? RawJson.Parse("{}") : DocumentFold.Apply(before, op.Verb, op.Data);
        if (after is { } data) documents[name] = data;
        else documents.Remove(name);
    }

    private static async Task<int> WriteAsync(ShareLink link, string directory)
    {
        await using ShareClient client = await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = link.Server, OutboxPath = Path.Combine(directory, "outbox.db"),
            CredentialsPath = Path.Combine(directory, "credentials.json"), FirstRetry = FirstRetry, MaxRetry = MaxRetry,
            LeaseTime = TimeSpan.FromSeconds(1), PollInterval = TimeSpan.FromMilliseconds(20),
            DependencyRetry = TimeSpan.FromMilliseconds(300), WokenRetry = TimeSpan.FromMilliseconds(50),
            InvalidTokenPatience = TimeSpan.Zero,
        });
        ShareWriter share = await client.JoinShareAsync("kit", link);
        bool isClosed = false;
        try
        {
            while (await Console.In.ReadLineAsync() is { } line)
            {
                OpIntent op = JsonSerializer.Deserialize<OpIntent>(line, ProtocolJson.Options)!;
                await share.EnqueueAsync([op]);
                Say(new() { ["enqueued"] = op.OpId });
            }
        }
        catch (OutboxException)
        {
            isClosed = true; // a closed share takes no more; its status says why
        }

        while (!isClosed)
        {
            Task changed = share.Changed;
            WriterStatus status = share.Status;
            isClosed = status.ClosedCode is not null;
            if (status.Pending + status.InFlight + status.Waiting == 0) break;
            if (!isClosed) await changed;
        }

        await foreach (ParkedOp op in share.ReadParkedAsync())
            Say(new() { ["parked"] = op.OpId, ["code"] = op.Code, ["outcome_unknown"] = op.OutcomeUnknown });
        foreach (MissingOps ops in share.Status.Missing) Say(new() { ["missing"] = ops.Count });
        return share.Status.ClosedCode is null ? 0 : OfNoMoreUse;
    }

    private static void Say(JsonObject line) => Console.WriteLine(line.ToJsonString());
}
