using Microsoft.Extensions.Options;

namespace ShareRpc.Server.Hosting;

/// <summary>Says what is wrong with bound options, so that the host refuses to start with them.</summary>
internal sealed class ServerOptionsValidation : IValidateOptions<ServerOptions>
{
    public ValidateOptionsResult Validate(string? name, ServerOptions options) =>
        options.FindMistake() is { } mistake ? ValidateOptionsResult.Fail(mistake) : ValidateOptionsResult.Success;
}
