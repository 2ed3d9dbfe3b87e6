using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Storage;

namespace ShareRpc.Tests.Server.Storage;

/// <summary>Rows to start from.</summary>
internal static class Seed
{
    public static readonly byte[] Digest = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];

    public static RefRow Ref(long? parentKey = null, long? shareKey = null, Rights rights = RightsNames.Root) => new()
    {
        CapId = RandomId.New(), ParentKey = parentKey, ShareKey = shareKey, ParentEpoch = 1,
        Depth = parentKey is null ? 0 : 1,
        Rights = rights,
        Caveats = Caveats.None, Label = "a label", Verifier = Digest, CreatedMs = 1_000,
    };

    /// <summary>A share under a root of its own; gives the share's key and its owner's.</summary>
    public static async ValueTask<(long Share, long Owner)> ShareAsync(IWriteTransaction transaction,
        long? creator = null, string? shareId = null)
    {
        long parent = creator ?? await transaction.InsertRefAsync(Ref());
        long share = await transaction.InsertShareAsync(shareId ?? RandomId.New(), parent, "a share", 2_000);
        long owner = await transaction.InsertRefAsync(Ref(parent, share, RightsNames.Owner));
        transaction.SetOwner(share, owner);
        return (share, owner);
    }

    public static async ValueTask<(long Share, long Owner)> ShareAsync(IShareStore store)
    {
        await using IWriteTransaction transaction = await store.BeginWriteAsync();
        (long Share, long Owner) made = await ShareAsync(transaction);
        await transaction.CommitAsync();
        return made;
    }

    public static OpRow Op(
        (long Share, long Owner) share, long cursor, string opId, string key = "k", string verb = Verbs.Put,
        string? data = "{}") => new()
    {
        ShareKey = share.Share, Cursor = cursor, OpId = opId, Digest = Digest, Verb = verb, Kind = Kinds.Part,
        Key = key,
        Data = data is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(data), Class = ContentClass.Plain,
        ClassBefore = ContentClass.Absent,
        ActorKey = share.Owner, TimeMs = 3_000,
    };

    public static StoredDoc Doc(string kind, string key, string? data = "{}", long cursor = 1) =>
        new(kind, key, cursor, data is null ? null : RawJson.Parse(data), Size: data?.Length ?? 0,
            ContentClass.Plain);
}
