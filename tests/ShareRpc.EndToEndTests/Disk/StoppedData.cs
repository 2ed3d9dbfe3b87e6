using System.Text.Json.Nodes;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>A data directory that a server has left behind in order, made once for the tests of a class.</summary>
public sealed class StoppedData : IAsyncLifetime
{
    private DiskWorld? world;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (world is not null) await world.DisposeAsync();
    }

    /// <summary>Copies the directory, which the first call makes. Not for several calls at once.</summary>
    public async Task CopyToAsync(string directory, CancellationToken cancellationToken)
    {
        world ??= await StopAsync(cancellationToken);
        Copy(new DirectoryInfo(world.Data), directory);
    }

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to, from.UnixFileMode);
        foreach (FileInfo file in from.EnumerateFiles()) file.CopyTo(Path.Combine(to, file.Name));
        foreach (DirectoryInfo folder in from.EnumerateDirectories()) Copy(folder, Path.Combine(to, folder.Name));
    }

    private static async Task<DiskWorld> StopAsync(CancellationToken cancellationToken)
    {
        DiskWorld world = await DiskWorld.OpenAsync();
        await world.StartAsync(cancellationToken);
        ShareToken owner = await world.CreateShareAsync(cancellationToken);
        string token = owner.Reveal();
        using (var plain = await PlainConnection.RedeemAsync(world.Address, token, null, cancellationToken))
        {
            await plain.AskAsync("getState", new JsonObject { ["limit"] = 1 }, cancellationToken);
        }

        await world.StopAsync(cancellationToken);
        return world;
    }
}
