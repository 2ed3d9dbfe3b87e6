using System.Diagnostics;
using System.IO.Compression;

namespace ShareRpc.EndToEndTests.Release;

/// <summary>What <c>eng/release</c> makes for this machine, used as those use it who have only that.</summary>
[Trait("Suite", "Deep")]
public sealed class ReleaseTests : IDisposable
{
    /// <summary>How long a start may take on a machine with 2 cores.</summary>
    private const double MostMs = 400;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("sharerpc-release-");
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(30)).Token;

    private static string Repository => Tree(AppContext.BaseDirectory);

    private string Made => Path.Combine(folder.FullName, "made");

    [Fact]
    public async Task The_single_file_the_tool_the_libraries_and_the_npm_package_work_where_only_they_are()
    {
        bool hasRoots = Needs.Program("debootstrap", "") is null && await MayMountAsync();
        Task<string> root = hasRoots ? BareRootsAsync("") : Task.FromResult(""); // it takes as long as the release
        try
        {
            await RunAsync("eng/release", Repository, "--out", Made, "--rid", "linux-x64");
        }
        finally
        {
            await root;
        }

        await RunAsync("sha256sum", Made, "--check", "--strict", "--quiet", "SHA256SUMS");
        await TheSingleFileAsync(); // alone: it measures the start
        await Task.WhenAll(TheToolAndTheRootsAsync(hasRoots), TheLibrariesAsync(), TheNpmPackageAsync());
        await TheBillAsync();
        OneTime();
    }

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Without .NET, Node.js or a home: nothing but the file and an empty folder.</summary>
    private async Task TheSingleFileAsync()
    {
        string place = Folder("single");
        await RunAsync("tar", place, "-xzf", Directory.GetFiles(Made, "sharerpc-*-linux-x64.tar.gz").Single());
        string[] bare = ["-i", $"HOME={Folder("home")}", $"TMPDIR={Folder("tmp")}", Path.Combine(place, "sharerpc")];
        Assert.StartsWith("0.", await RunAsync("env", place, [.. bare, "--version"]), StringComparison.Ordinal);
        // On a slower machine it is held to the same program where it is compiled while it starts.
        double took = await MillisecondsAsync("env", bare);
        string tool = Path.Combine(AppContext.BaseDirectory, "sharerpc.dll");
        if (took > MostMs) Assert.InRange(took, 0, await MillisecondsAsync("dotnet", ["exec", tool]));
        string demo = await RunAsync("env", place, [.. bare, "demo"]);
        Assert.Contains("revoked", demo, StringComparison.OrdinalIgnoreCase);
    }

    private async Task TheToolAsync()
    {
        string place = Folder("tool");
        string package = Path.GetFileNameWithoutExtension(Directory.GetFiles(Made, "sharerpc.*.nupkg").Single());
        await RunAsync("dotnet", Folder("tool-from"), "tool", "install", "sharerpc", "--tool-path", place,
            "--add-source", Made, "--version", package["sharerpc.".Length..]);
        Assert.StartsWith("0.", await RunAsync(Path.Combine(place, "sharerpc"), place, "--version"),
            StringComparison.Ordinal);
    }

    /// <summary>The tool, here, and where there is nothing else: the bare roots have it, too.</summary>
    private async Task TheToolAndTheRootsAsync(bool hasRoots)
    {
        await TheToolAsync();
        if (!hasRoots) return;
        string said = await BareRootsAsync(Made);
        Assert.All(["single", "tool", "readonly"], root =>
            Assert.Contains($"{root}: serve, share, watch and doctor work", said, StringComparison.Ordinal));
    }

    /// <summary>A program of the packages alone: a server in it, a client that shares, a reader that sees it.</summary>
    private async Task TheLibrariesAsync()
    {
        string place = Folder("libraries");
        string client = Directory.GetFiles(Made, "ShareRpc.Client.*.nupkg").Single();
        string version = Path.GetFileNameWithoutExtension(client)["ShareRpc.Client.".Length..];
        await File.WriteAllTextAsync(Path.Combine(place, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Folder("packages")}" /></config>
              <packageSources><add key="made" value="{Made}" /></packageSources>
            </configuration>
            """, timeout);
        await File.WriteAllTextAsync(Path.Combine(place, "uses.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="ShareRpc.Server" Version="{version}" />
                <PackageReference Include="ShareRpc.Client" Version="{version}" />
              </ItemGroup>
            </Project>
            """, timeout);
        File.Copy(Path.Combine(Repository, "tests/ShareRpc.EndToEndTests/Release/uses.cs.txt"),
            Path.Combine(place, "Program.cs"));
        string said = await RunAsync("dotnet", place, "run", "--", Folder("library-data"));
        Assert.Contains("read: hello from the packages", said, StringComparison.Ordinal);
    }

    private async Task TheNpmPackageAsync()
    {
        string place = Folder("npm");
        string package = Directory.GetFiles(Made, "sharerpc-client-*.tgz").Single();
        await RunAsync("npm", place, "install", "--no-audit", "--no-fund", "--silent", package);
        string said = await RunAsync("node", place, "--input-type=module", "--eval",
            "import { findLink, newId } from '@sharerpc/client'; console.log(typeof findLink, newId().length)");
        Assert.StartsWith("function 2", said, StringComparison.Ordinal);
        Assert.InRange(GzippedModules(Path.Combine(place, "node_modules/@sharerpc/client/dist")), 1, 20_000);
        string store = Directory.GetFiles(Made, "sharerpc-a2a-store-*.tgz").Single();
        await RunAsync("npm", place, "install", "--no-audit", "--no-fund", "--silent", package, store);
        said = await RunAsync("node", place, "--input-type=module", "--eval",
            "import { ShareTaskStore } from '@sharerpc/a2a-store'; console.log(typeof ShareTaskStore)");
        Assert.StartsWith("function", said, StringComparison.Ordinal);
    }

    /// <summary>Returns whether this user may make roots: as root, and where a container allows it.</summary>
    private static async Task<bool> MayMountAsync()
    {
        if (Environment.UserName != "root") return false;
        using Process process = Process.Start(
            "unshare", ["--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "none", "/mnt"]);
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    /// <summary>Without .NET and Node.js, and as the image runs it: see the script.</summary>
    private Task<string> BareRootsAsync(string made) =>
        RunAsync(Path.Combine(Repository, "tests/ShareRpc.EndToEndTests/Release/bare-roots"), folder.FullName, made,
            folder.FullName);

    private async Task TheBillAsync()
    {
        string file = Directory.GetFiles(Made, "sharerpc-*.cdx.json").Single();
        using var bill = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(file, timeout));
        Assert.Equal("CycloneDX", bill.RootElement.GetProperty("bomFormat").GetString());
        Assert.Contains(bill.RootElement.GetProperty("components").EnumerateArray(),
            part => part.GetProperty("name").GetString() == "StreamJsonRpc");
    }

    /// <summary>Returns the best time of a few starts.</summary>
    private async Task<double> MillisecondsAsync(string program, string[] arguments)
    {
        double best = double.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long begun = Stopwatch.GetTimestamp();
            await RunAsync(program, folder.FullName, [.. arguments, "--version"]);
            best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return best;
    }

    /// <summary>Every file of every package has the time of the commit: two builds give the same bytes.</summary>
    private void OneTime() => Assert.Single(Directory.GetFiles(Made, "*.*nupkg").SelectMany(package =>
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        return zip.Entries.Select(entry => entry.LastWriteTime).ToList();
    }).Distinct());

    private static long GzippedModules(string dist)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.SmallestSize, leaveOpen: true))
            foreach (string module in Directory.GetFiles(dist, "*.js")) gzip.Write(File.ReadAllBytes(module));
        return bytes.Length;
    }

    private string Folder(string name) => folder.CreateSubdirectory(name).FullName;

    private async Task<string> RunAsync(string program, string where, params string[] arguments)
    {
        string path = program.Contains('/') && !Path.IsPathRooted(program) ? Path.Combine(where, program) : program;
        var start = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = where, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout);
        string said = await process.StandardOutput.ReadToEndAsync(timeout);
        await process.WaitForExitAsync(timeout);
        Assert.True(process.ExitCode == 0,
            $"{program} {string.Join(' ', arguments)}: {process.ExitCode}\n{said}\n{await errors}");
        return said;
    }

    private static string Tree(string from) =>
        File.Exists(Path.Combine(from, "ShareRpc.sln")) ? from : Tree(Path.GetDirectoryName(from)!);
}
