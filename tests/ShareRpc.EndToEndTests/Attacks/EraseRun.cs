using System.Globalization;
using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Attacks;

/// <summary>What was seen while a share was erased.</summary>
/// <param name="Ops">Of the share.</param>
/// <param name="EraseSeconds">From the call to the end of the erasing.</param>
/// <param name="Quiet">Appends to a second server, which erases nothing, in turn with the others.</param>
/// <param name="Beside">Appends of another writer beside the erasing.</param>
/// <param name="Appends">How many these were.</param>
/// <param name="Ratio">Of the two p99.</param>
internal sealed record EraseFigures(
    int Ops, double EraseSeconds, Percentiles Quiet, Percentiles Beside, int Appends, double Ratio)
{
    public bool IsPassed => Ratio <= 3;
}

/// <summary>
/// One writer while a large share of others is erased, and one of a server of its own in turn with it, so that both see
/// the same machine.
/// </summary>
internal static class EraseRun
{
    private const int BatchOps = 1_000;

    public static async Task<EraseFigures> RunAsync(int ops, CancellationToken ended)
    {
        await using MeasuredServer server = await MeasuredServer.StartAsync(ended);
        await using MeasuredServer control = await MeasuredServer.StartAsync(ended);
        using RawConnection controlOwner = await RawConnection.OpenAsync(control.Address, ended);
        long controlHandle =
            await controlOwner.RedeemAsync("redeemShare", "share", control.Owner.Reveal(), ended);
        using RawConnection owner = await RawConnection.OpenAsync(server.Address, ended);
        using RawConnection root = await RawConnection.OpenAsync(server.Address, ended);
        long handle = await owner.RedeemAsync("redeemShare", "share", server.Owner.Reveal(), ended);
        long rootHandle = await root.RedeemAsync("redeemRoot", "root", server.RootToken, ended);
        string other = RandomId.New();
        var token = ShareToken.New(RandomId.New());
        await root.CallAsync(rootHandle, "createShare", $$"""
            {"share_id":"{{other}}","cap_id":"{{token.CapId}}","token_digest":"{{token.Digest}}"}
            """, ended);
        long large = await root.RedeemAsync("redeemShare", "share", token.Reveal(), ended);
        for (int sent = 0; sent < ops; sent += BatchOps) await root.CallAsync(large, "appendOps", Batch(sent), ended);
        await AppendsAsync(() => true);
        long began = TimeProvider.System.GetTimestamp();
        await root.CallAsync(rootHandle, "deleteShare", $$"""{"share_id":"{{other}}"}""", ended);
        (List<TimeSpan> beside, List<TimeSpan> quiet) = await AppendsAsync(IsErased);
        (Percentiles Beside, Percentiles Quiet) sums = (Percentiles.Of(beside), Percentiles.Of(quiet));
        return new EraseFigures(ops, Math.Round(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 1), sums.Quiet,
            sums.Beside, beside.Count, Math.Round(sums.Beside.P99 / sums.Quiet.P99, 2));

        bool IsErased()
        {
            using var database = new SqliteConnection($"Data Source={server.DatabasePath};Mode=ReadOnly;Pooling=False");
            database.Open();
            using SqliteCommand command = database.CreateCommand();
            command.CommandText = "SELECT erased FROM share WHERE share_id = $share";
            command.Parameters.AddWithValue("$share", other);
            return (long)command.ExecuteScalar()! != 0;
        }

        async Task<(List<TimeSpan> Beside, List<TimeSpan> Quiet)> AppendsAsync(Func<bool> isOver)
        {
            var (beside, quiet) = (new List<TimeSpan>(), new List<TimeSpan>());
            while (beside.Count % 100 != 99 || !isOver())
            {
                beside.Add(await AppendAsync(owner, handle, ended));
                quiet.Add(await AppendAsync(controlOwner, controlHandle, ended));
            }

            return (beside, quiet);
        }
    }

    private static async Task<TimeSpan> AppendAsync(RawConnection owner, long handle, CancellationToken ended)
    {
        long at = TimeProvider.System.GetTimestamp();
        await owner.CallAsync(handle, "appendOps", $$"""
            {"batch_id":"b","ops":[{"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"k","data":{} }]}
            """, ended);
        return TimeProvider.System.GetElapsedTime(at);
    }

    private static string Batch(int first)
    {
        IEnumerable<string> ops = Enumerable.Range(first, BatchOps).Select(number => string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"op_id":"{{OpId.New()}}","verb":"put","kind":"part","key":"k{{number}}","data":{"text":"{{number}}"} }
            """));
        return $$"""{"batch_id":"l","ops":[{{string.Join(',', ops)}}]}""";
    }
}
