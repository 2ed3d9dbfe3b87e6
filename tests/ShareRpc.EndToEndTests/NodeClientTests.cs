using System.Diagnostics;
using System.Text.Json.Nodes;
using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Tokens;

namespace ShareRpc.EndToEndTests;

public sealed class NodeClientTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;

    [NodeFact]
    public async Task A_plain_client_in_another_language_redeems_appends_and_reads_by_the_spec_alone()
    {
        await using var world = new World();
        await world.StartServerAsync(null, timeout);
        string folder = Path.Combine(OpencodeFixture.Root(), "tests", "node-client");
        await RunAsync("npm", ["ci", "--no-audit", "--no-fund"], folder, null);
        string owner = await CreateShareAsync(world);

        JsonObject seen =
            JsonNode.Parse(await RunAsync("node", ["client.mjs", world.Server.AbsoluteUri], folder, owner))!.AsObject();

        Assert.Equal("[1,2,0]", seen["applied"]!.ToJsonString());
        Assert.Equal("[0,0,2]", seen["duplicates"]!.ToJsonString());
        Assert.Equal("[1,2,3]", seen["cursors"]!.ToJsonString());
        Assert.Equal("sequence_gap", (string?)seen["gap"]!["code"]);
        Assert.Equal(3, (int)seen["gap"]!["acked_seq"]!);
        Assert.Equal("héllo", (string?)seen["docs"]![0]!["data"]!["text"]);
        Assert.Equal("from Node", (string?)seen["docs"]![1]!["data"]!["text"]);
        Assert.Equal("method_not_found", (string?)seen["afterwards"]);
    }

    private async Task<string> CreateShareAsync(World world)
    {
        Assert.True(
            ShareToken.TryParse((await File.ReadAllTextAsync(world.TokenFile, timeout)).Trim(), out ShareToken? root));
        new CredentialStore(world.PathOf("credentials.json")).Add(root, world.Server, null, "root");
        await using ShareClient client = await ShareClient.OpenAsync(new ShareClientOptions
        {
            Server = world.Server, OutboxPath = world.PathOf("outbox.db"),
            CredentialsPath = world.PathOf("credentials.json"),
            CreatorCapId = root.CapId,
        });
        ShareWriter share = await client.CreateShareAsync("node", null, timeout);
        await client.FlushAsync(timeout);
        return share.OwnerLink!.Token.Reveal();
    }

    private async Task<string> RunAsync(string program, string[] arguments, string folder, string? token)
    {
        var start = new ProcessStartInfo(
            program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true,
            RedirectStandardError = true };
        if (token is not null) start.Environment["SHARERPC_TOKEN"] = token;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(timeout);
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout);
        await process.WaitForExitAsync(timeout);
        Assert.True(process.ExitCode == 0, await errors);
        return await output;
    }
}
