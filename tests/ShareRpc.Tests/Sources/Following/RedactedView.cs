using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access.Redaction;
using ShareRpc.Server.Storage;
using ShareRpc.Sources.Following;

namespace ShareRpc.Tests.Sources.Following;

/// <summary>What reaches a reader from whom the inputs and outputs of tools are hidden.</summary>
internal static class RedactedView
{
    private static readonly ReadProfile Profile = ReadProfile.Of([new Caveats { Redact = [Redactions.Tools] }]);

    /// <summary>Returns the JSON of each document that a source put, as the reader sees it, and its key.</summary>
    public static IEnumerable<string> Of(ISessionReader reader)
    {
        foreach (DocumentChange change in reader.Read().SelectMany(step => step.Changes))
        {
            yield return change.Key;
            if (change.Data is not { } data) continue;
            OpIntent put = SourceOps.PutOf(change.Kind, change.Key, data);
            ContentClass about = ContentClasses.OfOpItself(put)!.Value;
            RawJson? shown = Profile.Show(new Document(change.Kind, change.Key, 1, data), about)?.Data;
            if (shown is { } json) yield return json.ToString();
        }
    }
}
