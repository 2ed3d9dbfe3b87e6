using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.Access;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;

namespace ShareRpc.Tests.Server.Storage.Sqlite.Checking;

/// <summary>
/// A data directory with a share in which everything has happened: eight ops applied, one rejected, one that changed
/// nothing, all folded.
/// </summary>
internal sealed class CheckedDirectory : IDisposable
{
    private readonly ServerRooms rooms;

    private CheckedDirectory(ServerRooms rooms, Authority owner)
    {
        this.rooms = rooms;
        ShareId = owner.ShareId!;
    }

    public string Path => rooms.Path;

    public string ShareId { get; }

    public static async Task<CheckedDirectory> MakeAsync()
    {
        ServerRooms rooms = await ServerRooms.OpenAsync();
        Authority owner = await rooms.CreateShareAsync();
        OpIntent[] ops =
        [
            Op("a", Verbs.Put, """{"text":"one"}"""), Op("a", Verbs.Append, """{"field":"text","text":" two"}"""),
            Op("a", Verbs.Append, """{"field":"text","text":" \ud83d"}"""),
            Op("a", Verbs.Append, """{"field":"text","text":"\ude00"}"""),
            Op("a", Verbs.Append, """{"field":"other","text":"x"}"""), Op("b", Verbs.Put, "{}"),
            Op("b", Verbs.Remove, null),
            Op("c", Verbs.Put, """{"n":1}"""), Op("c", Verbs.Put, """{"n":1}""") with { IfChanged = true },
            Op("d", Verbs.Put, "{}") with { DependsOn = ["nothing"] },
        ];
        OpIntent[] numbered = [.. ops.Select((op, i) => op with { OpId = $"op{i + 1}", Seq = i + 1 })];
        await rooms.Log.AppendAsync(owner, RandomId.New(), new OpBatch { BatchId = "b", Ops = numbered });
        await rooms.Folder.FoldShareAsync(1);
        return new CheckedDirectory(rooms, owner);
    }

    public CheckReport Check() => DataCheck.Run(Path, null, CancellationToken.None);

    /// <summary>Does something to the database that no server would.</summary>
    public void Damage(string sql)
    {
        using var connection =
            new SqliteConnection($"Data Source={System.IO.Path.Combine(Path, "shares.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose() => rooms.Dispose();

    private static OpIntent Op(string key, string verb, string? data) => new()
    {
        OpId = "", Verb = verb, Kind = Kinds.Part, Key = key, Data = data is null ? null : RawJson.Parse(data),
    };
}
