using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ShareRpc.Client;
using ShareRpc.Client.Hosting;
using ShareRpc.Client.Writing;
using ShareRpc.Tests.MainJob;

namespace ShareRpc.Tests.Client.Hosting;

/// <summary>The client as a part of somebody else's host.</summary>
public sealed class HostedClientTests
{
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task A_service_takes_the_client_and_what_it_enqueues_arrives()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        ShareClientOptions ready = server.ClientOptions();
        using IHost host =
            Build(options => (options.Server, options.OutboxPath, options.CredentialsPath, options.CreatorCapId) =
            (ready.Server, ready.OutboxPath, ready.CredentialsPath, ready.CreatorCapId));
        await host.StartAsync(timeout);
        var client = host.Services.GetRequiredService<ShareClient>();
        ShareWriter share = await client.CreateShareAsync("session", "a session", timeout);
        await share.EnqueueAsync([Ops.Put("k", "{}")], null, timeout);
        await client.FlushAsync(timeout);
        Assert.Equal(1, share.Status.Applied);
        await host.StopAsync(timeout);
    }

    [Theory]
    [InlineData(nameof(ShareClientOptions.Server))]
    [InlineData(nameof(ShareClientOptions.OutboxPath))]
    [InlineData(nameof(ShareClientOptions.BatchesInFlight))]
    public async Task A_host_with_a_mistake_in_the_options_does_not_start_and_names_it(string option)
    {
        using IHost host = Build(options =>
        {
            options.Server = option == "Server" ? new Uri("ftp://localhost") : new Uri("http://localhost");
            options.OutboxPath = option == "OutboxPath" ? "" : "outbox.db";
            options.CredentialsPath = "credentials.json";
            options.BatchesInFlight = option == "BatchesInFlight" ? 99 : 4;
        });
        OptionsValidationException refused =
            await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(timeout));
        Assert.Contains(option, refused.Message, StringComparison.Ordinal);
    }

    private static IHost Build(Action<ShareClientOptions> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddShareRpcClient(configure);
        return builder.Build();
    }
}
