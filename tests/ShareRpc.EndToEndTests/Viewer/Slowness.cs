using Microsoft.Playwright;

namespace ShareRpc.EndToEndTests.Viewer;

/// <summary>
/// How slow a machine is beside the one that the bounds of pages are of: by the processor time of a task that makes
/// elements and lays them out, as the pages do.
/// </summary>
internal static class Slowness
{
    private const int Tries = 5;

    /// <summary>The processor time of the task on a machine with 2 cores that is idle.</summary>
    private const double TaskMs = 30;

    /// <summary>
    /// Returns how many times as slow this machine is now; at least 1. Takes the least of a few measurements: what
    /// shares the processor's caches makes a task longer, never shorter.
    /// </summary>
    public static async Task<double> OfAsync(IPage beside, CancellationToken timeout)
    {
        IPage page = await beside.Context.NewPageAsync();
        double least = double.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            TaskTimes times = await TaskTimes.StartAsync(page);
            await page.EvaluateAsync("""
                () => new Promise(done => setTimeout(() => {
                    const root = document.createElement('div');
                    for (let at = 0; at < 2000; at++) {
                        const row = document.createElement('p');
                        row.append(`A line of text with the number ${at}. `, document.createElement('b'));
                        root.append(row);
                    }
                    document.body.append(root);
                    const height = root.offsetHeight;
                    root.remove();
                    done(height);
                }))
                """);
            least = Math.Min(least, await times.StopAsync(timeout));
        }

        await page.CloseAsync();
        return Math.Max(1, least / TaskMs);
    }
}
