using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ShareRpc.Client.Hosting;

/// <summary>Registers a <see cref="ShareClient"/> with a host.</summary>
public static class ShareRpcClientServices
{
    /// <summary>The configuration section of the options.</summary>
    public const string ConfigurationSection = "ShareRpcClient";

    /// <summary>
    /// Adds one <see cref="ShareClient"/>, which services take as a parameter. Its options come from the section
    /// <c>ShareRpcClient</c> of the configuration, then from <paramref name="configure"/>, and are validated once, when
    /// the host starts: a mistake is an <see cref="OptionsValidationException"/> that names the option. The client
    /// sends from the start of the host until the host is disposed; what is not acknowledged by then stays in the
    /// outbox for the next start.
    /// </summary>
    public static IServiceCollection AddShareRpcClient(
        this IServiceCollection services, Action<ShareClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<ShareClientOptions>().BindConfiguration(ConfigurationSection)
            .Configure<ILoggerFactory>((options, logging) => options.Logging = logging)
            .Configure(configure ?? (_ => { })).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ShareClientOptions>, Validation>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => ShareClient.Open(
            provider.GetRequiredService<IOptions<ShareClientOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService<Opening>();
        return services;
    }

    private sealed class Validation : IValidateOptions<ShareClientOptions>
    {
        public ValidateOptionsResult Validate(string? name, ShareClientOptions options)
        {
            try
            {
                options.Validate();
                return ValidateOptionsResult.Success;
            }
            catch (ArgumentException mistake)
            {
                return ValidateOptionsResult.Fail(mistake.Message);
            }
        }
    }

    /// <summary>Opens the client at host start.</summary>
    private sealed class Opening(IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            Task.Run(services.GetRequiredService<ShareClient>, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
